from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.commerce import actions
from orbita.commerce.actions.catalogue import ProductData
from orbita.commerce.models import PriceChange, Product, ProductGroup
from orbita.core.events import payload_of
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


def beans(**fields: object) -> ProductData:
    return ProductData(**{"name": "Эфиопия", "price": 1250_0000, "cost": 700_0000} | fields)  # type: ignore[arg-type]


def test_a_new_price_goes_into_the_history_and_the_event_tells_old_and_new(admin: User) -> None:
    product = actions.save_product(actor=admin, data=beans(group="Зерно", sku="E-1"))
    product = actions.save_product(
        actor=admin, product=product, data=beans(group="зерно ", sku="E-1", price=1400_0000)
    )
    assert [change.price for change in product.price_changes.all()] == [1400_0000, 1250_0000]
    assert ProductGroup.objects.get().name == "Зерно"
    told = payload_of(Event.objects.get(kind="product.changed"))
    assert (told["before"], told["after"]) == ({"price": 1250_0000}, {"price": 1400_0000})


def test_a_cost_price_stands_apart_in_the_event_for_those_who_may_see_it(admin: User) -> None:
    product = actions.save_product(actor=admin, data=beans())
    actions.save_product(actor=admin, product=product, data=beans(cost=800_0000))
    told = payload_of(Event.objects.get(kind="product.changed"))
    assert (told["before"], told["after"]) == ({}, {})
    assert told["costs"] == {"before": 700_0000, "after": 800_0000}


def test_saving_the_same_again_writes_no_history(admin: User) -> None:
    product = actions.save_product(actor=admin, data=beans())
    actions.save_product(actor=admin, product=product, data=beans())
    assert PriceChange.objects.count() == 1
    assert not Event.objects.filter(kind="product.changed").exists()


def test_an_article_belongs_to_one_product(admin: User) -> None:
    actions.save_product(actor=admin, data=beans(sku="E-1"))
    with pytest.raises(ValidationError) as refused:
        actions.save_product(actor=admin, data=beans(name="Кения", sku="E-1"))
    assert list(refused.value.message_dict) == ["sku"]
    actions.save_product(actor=admin, data=beans(name="Кения", sku=""))
    actions.save_product(actor=admin, data=beans(name="Перу", sku=None))


def test_a_product_goes_to_the_bin_and_comes_back(admin: User, viewer: User) -> None:
    product = actions.save_product(actor=admin, data=beans())
    actions.delete_product(actor=admin, product=product)
    assert not Product.objects.visible_to(viewer).exists()
    actions.restore_product(actor=admin, product=product)
    product = actions.set_on_sale(actor=admin, product=product, on_sale=False)
    assert not Product.objects.visible_to(viewer).get().is_active


def test_only_those_who_may_change_the_catalogue(alice: User, admin: User) -> None:
    with pytest.raises(Denied):
        actions.save_product(actor=alice, data=beans())
    product = actions.save_product(actor=admin, data=beans())
    for deed in (actions.delete_product, actions.restore_product):
        with pytest.raises(Denied):
            deed(actor=alice, product=product)


def test_many_products_come_at_once_with_groups_and_price_histories(admin: User) -> None:
    old, new = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    made = actions.load_products(
        [
            beans(group="Зерно", prices=[(old, 900_0000, None), (new, 1250_0000, 700_0000)]),
            beans(name="Фильтры", group="Зерно", price=None, cost=None),
        ],
        actor=admin,
    )
    assert [product.group and product.group.name for product in made] == ["Зерно", "Зерно"]
    assert made[0].price_changes.count() == 2
    assert made[1].price_changes.count() == 0
