"""The reading process: a file in, batches of records out.

Everything that needs no database is done here, beside the process that writes. Light to import:
`isolation` imports it before Django is there.
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from orbita.gateways.files.source import Row
from orbita.gateways.imports.plan import Plan

if TYPE_CHECKING:
    from orbita.core.sentences import Sentence
    from orbita.gateways.files.columns import Mapping
    from orbita.gateways.imports.records import Batch


def batches(plan: Plan) -> Iterator[bytes]:
    """The file as `records.Batch` in MessagePack. Runs in a process of its own by `isolated`."""
    return _encoded(plan)


def groups(plan: Plan, size: int) -> Iterator[list[bytes]]:
    """The same, some batches at a time."""
    batches = _encoded(plan)
    while group := list(islice(batches, size)):
        yield group


def _encoded(plan: Plan) -> Iterator[bytes]:
    import gc

    from orbita.core.starting import starting

    with starting():
        import django
        import msgspec
        from django.utils import translation

        from orbita.core.apps import RoomConfig

        RoomConfig.opens_rooms = False
        django.setup()
        from orbita.gateways.imports import goods, people, purchases  # noqa: F401
    # This process lives for one file and makes hardly any circles: see `engine.seldom_collecting`.
    gc.set_threshold(100_000, 20, 20)

    encoder = msgspec.msgpack.Encoder()
    with translation.override(plan.language):
        for batch in _Reading(plan).batches():
            yield encoder.encode(batch)


class _Reading:
    def __init__(self, plan: Plan) -> None:
        from orbita.gateways.files.source import open_source

        self._plan = plan
        self._mapping = _mapping(plan.mapping)
        self._sheet = open_source(plan.path).sheet(self._mapping.sheet)
        self._units = self._seen = 0

    def batches(self) -> "Iterator[Batch]":
        kind = self._mapping.kind
        if kind == "clients":
            return self._of_rows(self._client)
        if kind == "products":
            return self._of_rows(self._product)
        return self._of_orders()

    def _rows(self) -> Iterator[Row]:
        """The rows below the headings that hold anything."""
        from orbita.gateways.files.values import is_blank

        last_heading, count = self._mapping.header_row, 0
        by_number = last_heading > 0 or bool(self._mapping.labels)
        for row in self._sheet.rows():
            if by_number and row[0] <= last_heading:
                continue
            for cell in row[1]:
                if cell != "" and not is_blank(cell):
                    yield row
                    count += 1
                    break
            if count == self._plan.limit:
                return

    # -- a row is a unit

    def _of_rows(self, read: Any) -> "Iterator[Batch]":
        from orbita.gateways.imports.records import Batch, UnreadableError

        self._reader = self._make_reader()
        batch = Batch(0, 0)
        for unit, (number, cells) in enumerate(self._rows(), start=1):
            if unit <= self._plan.start:
                continue
            try:
                read(batch, number, cells)
            except UnreadableError as error:
                self._reject(batch, number, cells, error)
            batch.upto, batch.seen = unit, batch.seen + 1
            if batch.seen >= self._plan.batch:
                yield batch
                batch = Batch(0, 0)
        if batch.seen:
            yield batch

    def _make_reader(self) -> Any:
        if self._mapping.kind == "products":
            from orbita.gateways.imports.goods import ProductReader

            return ProductReader(self._plan, self._mapping)
        from orbita.gateways.imports.people import ClientReader

        return ClientReader(self._plan, self._mapping)

    def _client(self, batch: "Batch", number: int, cells: list[Any]) -> None:
        from orbita.gateways.imports.records import UnreadableError

        row = self._reader.read(number, cells)
        if row is None:
            raise UnreadableError(_nothing())
        if self._plan.cells:
            row.cells = as_texts(cells)
        batch.clients.append(row)

    def _product(self, batch: "Batch", number: int, cells: list[Any]) -> None:
        row = self._reader.read(number, cells)
        row.cells = as_texts(cells)
        batch.products.append(row)

    def _reject(self, batch: "Batch", number: int, cells: list[Any], why: Exception) -> None:
        from orbita.core.sentences import keep
        from orbita.gateways.imports.records import Rejected

        batch.rejected.append(Rejected(number, keep(why), as_texts(cells)))

    # -- an order is a unit

    def _of_orders(self) -> "Iterator[Batch]":
        from orbita.gateways.imports.purchases import OrderReader
        from orbita.gateways.imports.records import Batch

        reader = OrderReader(self._plan, self._mapping)
        batch = Batch(0, 0)
        unit = self._plan.start
        for rows, name in self._grouped(reader):
            unit += 1
            self._order(reader, batch, rows, name)
            batch.upto, batch.seen = unit, batch.seen + len(rows)
            if batch.seen >= self._plan.batch:
                yield batch
                batch = Batch(0, 0)
        if batch.seen:
            yield batch

    def _grouped(self, reader: Any) -> Iterator[tuple[list[Row], str]]:
        """Orders with their rows and names, but the first `start` of them."""
        from orbita.gateways.imports.spool import Counter, Spool

        if not reader.has_numbers:
            counter = Counter()
            for unit, row in enumerate(self._rows()):
                name = f"row-{reader.fingerprint(row[1])}"
                times = counter.met(name)
                if unit >= self._plan.start:
                    yield [row], name if times == 1 else f"{name}-{times}"
            return
        spool = Spool()
        # A row without an order number is nobody's: it stands alone and is told apart by its place.
        spool.fill((reader.order_number(row[1]) or f"\0{row[0]}", row) for row in self._rows())
        for rows in spool.groups(self._plan.start):
            yield rows, reader.order_number(rows[0][1])

    def _order(self, reader: Any, batch: "Batch", rows: list[Row], name: str) -> None:
        from orbita.gateways.imports.records import UnreadableError

        try:
            if not reader.has_purchase(rows[0][1]):
                self._only_client(reader, batch, rows)
                return
            if not name:
                raise UnreadableError(_no_number())
            group = reader.read(rows, name)
        except UnreadableError as error:
            for number, cells in rows:
                self._reject(batch, number, cells, error)
            return
        group.cells = [(number, as_texts(cells)) for number, cells in rows]
        batch.orders.append(group)

    def _only_client(self, reader: Any, batch: "Batch", rows: list[Row]) -> None:
        from orbita.gateways.imports.records import UnreadableError

        for number, cells in rows:
            client = reader.client.read(number, cells)
            if client is None:
                raise UnreadableError(_nothing())
            batch.clients.append(client)


def _mapping(data: dict[str, Any]) -> "Mapping":
    """The mapping as it was stored: it fits the file already."""
    from orbita.gateways.files.columns import Mapping

    return Mapping(
        kind=data["kind"],
        sheet=data["sheet"],
        header_row=data["header_row"],
        columns={int(index): name for index, name in data["columns"].items()},
        labels={int(index): label for index, label in data["labels"].items()},
        date_orders={int(index): order for index, order in data["date_orders"].items()},
    )


def as_texts(cells: list[Any]) -> list[str]:
    """The cells as the file of rejected rows shows them, shortened to what Excel keeps in one."""
    from orbita.gateways.files.values import to_note

    return [to_note(cell)[:32_000] for cell in cells]


def _nothing() -> "Sentence":
    from orbita.core.sentences import Sentence as _

    return _("There is nothing in this row that could be taken.")


def _no_number() -> "Sentence":
    from orbita.core.sentences import Sentence as _

    return _("The row has no number of its order.")
