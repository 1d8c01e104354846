"""What the columns of a table may mean, and how people head them: the one place to add a heading.

An alias is written as `normalise` leaves it, without punctuation and units. It fits a header that
equals it, and a header that contains it as whole words; the longest fitting alias wins, and of
equal ones the field that stands first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["clients", "orders", "products", "sales"]
KINDS: tuple[Kind, ...] = ("clients", "orders", "products", "sales")

# What a column's values should look like for the field.
Content = Literal[
    "",
    "phone",
    "email",
    "date",
    "number",
    "inn",
    "person",
    "company",
    "link",
    "document",
    "words",
]

_CLIENT = ("clients", "sales")
_PURCHASE = ("orders", "sales")
_GOODS = ("orders", "sales", "products")


@dataclass(frozen=True)
class Field:
    name: str
    kinds: tuple[str, ...]
    aliases: tuple[str, ...]
    content: Content = ""
    # Several columns may carry it: a second phone is a phone.
    many: bool = False
    # Headers that mean it only when they are nothing but this.
    exact: tuple[str, ...] = ()


def _field(
    name: str,
    kinds: tuple[str, ...],
    aliases: str,
    content: Content = "",
    *,
    many: bool = False,
    exact: str = "",
) -> Field:
    return Field(name, kinds, _split(aliases), content, many, _split(exact))


def _split(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


FIELDS: tuple[Field, ...] = (
    # Who it is
    _field(
        "external_id",
        _CLIENT,
        "customerid, customer id, customer no, customer number, customer code, client id, clientid, client no, "
        "client number, client code, contact id, rec id, record id, id клиента, ид клиента, код клиента, номер клиента, "
        "клиент id, код контрагента, id контрагента, id контакта, внешний код, внешний id, external id, "
        "externalid, номер карты клиента, код покупателя, id покупателя, uid, guid, uuid, "
        "номер карточки, лицевой счет",
        exact="id, ид, код, code, client, customer, id в базе, n клиента",
    ),
    _field("external_id", ("orders",), "customerid, customer id, customer no, customer code, client id, clientid, client no, client code, id клиента, ид клиента, код клиента, номер клиента, клиент id, код контрагента, id контрагента, код покупателя, id покупателя, client external id"),
    _field("full_name", _CLIENT, "фио, ф и о, полное имя, фамилия имя отчество, фамилия имя, имя фамилия, имя и фамилия, фамилия и имя, фио клиента, клиент фио, имя клиента, наименование клиента, full name, fullname, customer name, client name, contact name, display name, name of customer, покупатель, заказчик, клиент, контрагент, абонент, получатель, гость, пациент, ученик, имя контакта, контакт", "person", exact="имя или название, название клиента, contact, person, кто, customer, client, buyer"),
    _field("last_name", _CLIENT, "фамилия, last name, lastname, surname, family name, secondname, familyname", "words"),
    _field("first_name", _CLIENT, "имя, first name, firstname, given name, forename, givenname", "words", exact="name"),
    _field("middle_name", _CLIENT, "отчество, middle name, middlename, patronymic, second name", "words"),
    _field("company", _CLIENT, "компания, организация, название компании, наименование организации, название организации, место работы, фирма, юрлицо, юр лицо, юридическое лицо, предприятие, полное наименование, краткое наименование, company, company name, organization, organisation, legal name, employer, firm, account name", "company", exact="наименование, название"),
    _field("client_kind", _CLIENT, "тип клиента, вид клиента, физ юр, тип контрагента, client type, customer type, юр физ лицо, вид контрагента", exact="kind"),
    # How to reach
    _field("phone", _CLIENT, "телефон, телефоны, номер телефона, мобильный, мобильный телефон, моб телефон, моб, сотовый, тел, контактный телефон, рабочий телефон, домашний телефон, доп телефон, дополнительный телефон, телефон клиента, номер моб, номера телефонов, phone, phones, phone number, mobile, mobile phone, cell, cell phone, telephone, tel, phone2, phone1, phone 2, phone 1, contact phone, контактные данные, контакты, телефон факс", "phone", many=True, exact="номер"),
    _field("email", _CLIENT, "email, e mail, емейл, имейл, эл почта, электронная почта, почта, адрес электронной почты, электронный адрес, mail, email address, эл адрес, мейл, e mail клиента, эл почта клиента, емайл", "email", many=True),
    _field("telegram", _CLIENT, "telegram, телеграм, телеграмм, тг, tg, ник в telegram"),
    _field("whatsapp", _CLIENT, "whatsapp, ватсап, вотсап, вацап, wa"),
    _field("viber", _CLIENT, "viber, вайбер"),
    _field("vk", _CLIENT, "vk, вк, вконтакте, страница вк"),
    _field("instagram", _CLIENT, "instagram, инстаграм, инстаграмм, инста"),
    _field("link", _CLIENT, "сайт, веб сайт, website, web site, url, web, site, ссылка, соцсеть, соцсети, соц сети, социальные сети, homepage", "link", many=True),
    _field("preferred_channel", _CLIENT, "предпочитаемый канал, предпочтительный канал, предпочитаемый способ связи, способ связи, канал связи, удобный способ связи, preferred channel, preferred contact"),
    # Where
    _field("country", _CLIENT, "страна, country"),
    _field("region", _CLIENT, "регион, область, край, субъект рф, region, state, province, область край"),
    _field("city", _CLIENT, "город, населенный пункт, city, town, suburb, место жительства, нас пункт, город клиента"),
    _field("postcode", _CLIENT, "индекс, почтовый индекс, postcode, zip, zip code, postal code"),
    _field("delivery_address", (*_CLIENT, "orders"), "адрес доставки, delivery address, shipping address, куда доставить"),
    _field("legal_address", _CLIENT, "юридический адрес, юр адрес, адрес регистрации, legal address, billing address, прописка"),
    _field("address", _CLIENT, "адрес, фактический адрес, адрес проживания, почтовый адрес, домашний адрес, адрес клиента, address, street, street address, улица, факт адрес", many=True),
    _field("house", _CLIENT, "street number, house number, номер дома", exact="дом, house, house no, street no"),
    _field("time_zone", _CLIENT, "часовой пояс, time zone, timezone"),
    # Company papers
    _field("inn", _CLIENT, "инн, инн кпп, инн клиента, tax id, tax number, vat, vat number, inn", "inn"),
    _field("kpp", _CLIENT, "кпп, kpp"),
    _field("ogrn", _CLIENT, "огрн, огрнип, ogrn, огрн огрнип"),
    _field("bik", _CLIENT, "бик, бик банка, bik, bic"),
    _field("account", _CLIENT, "расчетный счет, р с, р сч, рс, расч счет, номер счета, bank account, account number"),
    _field("correspondent_account", _CLIENT, "корреспондентский счет, корр счет, кор счет, к с, кс"),
    _field("bank", _CLIENT, "банк, название банка, наименование банка, bank, bank name"),
    # Documents: an own field is made of each. Whole headings only: «кем выдан паспорт» is no number.
    _field("new_document", _CLIENT, "", "document", many=True, exact="паспорт, номер паспорта, серия и номер паспорта, серия номер паспорта, паспорт серия и номер, паспорт серия номер, паспорт номер, паспорт клиента, паспорт рф, загранпаспорт, номер загранпаспорта, заграничный паспорт, снилс, номер снилс, снилс клиента, водительское удостоверение, номер водительского удостоверения, серия и номер водительского удостоверения, водительские права, номер прав, ву, в у, номер ву, полис омс, номер полиса омс, омс, полис, номер полиса, енп, иин, номер иин, удостоверение личности, номер удостоверения личности, документ удостоверяющий личность, номер документа, серия и номер документа, passport, passport no, passport number, passport id, ssn, ssn number, soc sec, soc sec id, soc sec no, social security, social security no, social security number, social security id, driver licence, driver license, drivers licence, drivers license, driver s licence, driver s license, driving licence, driving license, driver licence number, driver license number, drivers license number, driver s license number, driving licence number, licence number, license number, national id, national id number, national id card, national insurance number, nino, id card, id card number, identity card, identity card number, iin, snils, medicare number, health insurance number"),
    # What is known
    _field("birthday", _CLIENT, "дата рождения, день рождения, др, д р, д рожд, дата рожд, родился, рождение, birthday, birth date, birthdate, date of birth, dob, bday, д рождения", "date"),
    _field("sex", _CLIENT, "пол, sex, gender, пол клиента"),
    _field("position", _CLIENT, "должность, position, job title, jobtitle, title, пост"),
    _field("occupation", _CLIENT, "род занятий, профессия, занятость, occupation, profession, job, сфера деятельности, вид деятельности, industry"),
    _field("income_level", _CLIENT, "доход, уровень дохода, income, income level"),
    _field("family", _CLIENT, "семья, семейное положение, дети, family, marital status"),
    _field("education", _CLIENT, "образование, education"),
    _field("hobbies", _CLIENT, "хобби, увлечения, hobby, hobbies"),
    _field("interests", _CLIENT, "интересы, предпочтения, что интересует, interests, preferences"),
    _field("source", _CLIENT, "источник, откуда узнал, откуда узнали, откуда пришел, откуда о нас узнали, канал привлечения, рекламный канал, рекламный источник, источник клиента, источник рекламы, источник привлечения, source, lead source, utm source, channel", exact="откуда, откуда клиент, откуда о нас"),
    _field("responsible", _CLIENT, "ответственный, менеджер, ответственный менеджер, куратор, менеджер клиента, manager, owner, responsible, account manager, assigned to"),
    _field("tags", _CLIENT, "теги, тэги, метки, тег, метка, группа клиента, группы клиента, группа клиентов, сегмент, tags, tag, labels, segment, категория клиента, группа контрагентов, customer group", many=True),
    _field("payment_terms", _CLIENT, "условия оплаты, отсрочка, payment terms"),
    _field("delivery_terms", _CLIENT, "условия доставки, условия поставки, delivery terms"),
    _field("special_terms", _CLIENT, "условия, условия работы, особые условия, terms, special terms, персональная скидка, скидка клиента"),
    _field("working_hours", _CLIENT, "часы работы, время работы, режим работы, график работы, working hours"),
    _field("difficulties", _CLIENT, "сложности, проблемы, трудности, difficulties"),
    _field("contact_person", _CLIENT, "контактное лицо, фио контактного лица, контактное лицо фио, представитель, директор, руководитель, contact person, генеральный директор", "person"),
    _field("created_on", ("clients",), "дата создания, дата регистрации, дата добавления, создан, дата внесения, дата заведения, created at, created, created on, registered, registration date, date added, в базе с, клиент с, дата создания карточки", "date"),
    _field("advertising", _CLIENT, "согласие на рекламу, согласие на рассылку, согласие на рассылки, согласен на рассылку, согласен на рассылки, согласие на получение рекламы, подписка на рассылку, рекламное согласие, marketing consent, consent to marketing, advertising consent, marketing opt in, newsletter consent, accepts marketing"),
    _field("advertising_email", _CLIENT, "согласие на email рассылку, согласие на email, согласие на e mail рассылку, согласие на e mail, согласие на почтовую рассылку, реклама по e mail, реклама по email, email consent, email opt in, email marketing consent, accepts email marketing"),
    _field("advertising_sms", _CLIENT, "согласие на смс рассылку, согласие на смс, согласие на sms, согласие на sms рассылку, реклама по смс, sms consent, sms opt in, accepts sms marketing"),
    _field("advertising_messenger", _CLIENT, "согласие на мессенджеры, согласие на рассылку в мессенджерах, согласие на сообщения в мессенджерах, реклама в мессенджерах, messenger consent"),
    _field("advertising_call", _CLIENT, "согласие на звонки, согласие на рекламные звонки, реклама по телефону, call consent, consent to calls"),
    _field("recommended_by", ("clients",), "кто рекомендовал, кто порекомендовал, рекомендовал, порекомендовал, кем рекомендован, по чьей рекомендации, рекомендатель, кто привел, кто посоветовал, recommended by, referred by, referrer", exact="рекомендация, по рекомендации, от кого, referral"),
    _field("note", _CLIENT, "примечание, примечания, комментарий, комментарии, заметка, заметки, описание клиента, дополнительно, доп информация, особенности, note, notes, comment, comments, remark, remarks, прочее, пометки, история", many=True),
    # Totals per client
    _field("last_order_on", ("clients",), "последняя покупка, дата последней покупки, последний заказ, дата последнего заказа, последний визит, дата последнего визита, последнее посещение, дата последнего посещения, последняя продажа, дата последней продажи, последняя оплата, last order, last purchase, last order date, last purchase date, last visit, был в последний раз, крайний визит, крайняя покупка", "date", exact="дата последней, дата последнего, последняя, последний"),
    _field("first_order_on", ("clients",), "первая покупка, дата первой покупки, первый заказ, дата первого заказа, первый визит, дата первого визита, первое посещение, дата первого посещения, first order, first purchase, first order date, first purchase date, first visit", "date"),
    _field("orders_total", ("clients",), "сумма покупок, сумма заказов, общая сумма, общая сумма покупок, сумма всех покупок, сумма всех заказов, сумма продаж, куплено на сумму, куплено на, оборот, выручка, всего куплено, всего оплачено, итого покупок, потратил, потрачено, всего потрачено, объем покупок, продано на сумму, оплачено всего, total spent, total amount, total purchases, total sales, lifetime value, ltv, monetary, revenue, amount spent, spent", "number", exact="сумма, итого, всего, total, amount, продажи, покупки"),
    _field("orders_count", ("clients",), "количество заказов, кол во заказов, число заказов, количество покупок, кол во покупок, число покупок, количество визитов, кол во визитов, число визитов, количество посещений, кол во посещений, число посещений, визитов, посещений, количество продаж, orders count, number of orders, purchases count, total orders, visits, number of purchases, order count", "number", exact="заказов, покупок, заказы, визиты, orders, frequency, посещения"),
    _field("orders_average", ("clients",), "средний чек, средняя сумма, средняя покупка, средний заказ, average order, average check, avg order, aov", "number"),
    _field("last_service", ("clients",), "услуга, последняя услуга, услуги, что покупал, что купил, какая услуга, товар, товары, service, services, last service, last product, вид услуги, купленный товар"),
    # The order
    _field("order_id", _PURCHASE, "invoiceno, invoice no, invoice number, invoice id, invoice, order id, orderid, order no, order number, order code, номер заказа, заказ номер, n заказа, заказ n, id заказа, ид заказа, код заказа, номер чека, чек, n чека, номер документа, номер накладной, номер счета, номер продажи, номер сделки, номер реализации, номер операции, transaction id, receipt number, receipt, document number, order", exact="номер, number, no, заказ, id, n, документ, n документа, продажа"),
    _field("ordered_at", _PURCHASE, "invoicedate, invoice date, order date, orderdate, дата заказа, дата покупки, дата продажи, дата чека, дата визита, дата посещения, дата оказания услуги, дата сделки, дата документа, дата оплаты, дата операции, дата отгрузки, дата реализации, дата оформления, purchase date, sale date, transaction date, created at, date created, дата создания, дата и время, дата время, дата записи, order created, дата приема", "date", exact="дата, date, день, когда, datetime, created, timestamp, период"),
    _field("order_status", _PURCHASE, "статус, статус заказа, состояние, status, order status, стадия, этап"),
    _field("payment_status", _PURCHASE, "статус оплаты, состояние оплаты, оплата, payment status, оплачен, paid, financial status"),
    _field("paid_amount", _PURCHASE, "сумма оплаты, оплачено, paid amount, внесено, предоплата", "number"),
    _field("payment_method", _PURCHASE, "способ оплаты, вид оплаты, форма оплаты, тип оплаты, payment method, payment type"),
    _field("delivery_status", _PURCHASE, "статус доставки, состояние доставки, delivery status, fulfillment status"),
    _field("delivery_method", _PURCHASE, "способ доставки, вид доставки, доставка, служба доставки, delivery method, shipping method"),
    _field("delivery_cost", _PURCHASE, "стоимость доставки, сумма доставки, цена доставки, shipping cost, delivery cost, shipping price", "number"),
    _field("promised_on", _PURCHASE, "обещанная дата, срок доставки, плановая дата доставки, план доставки, promised date, due date, планируемая дата доставки", "date"),
    _field("delivered_on", _PURCHASE, "дата доставки, фактическая дата доставки, доставлен, дата получения, delivered, delivery date, delivered at", "date"),
    _field("order_total", _PURCHASE, "сумма заказа, сумма чека, сумма документа, итого по заказу, итоговая сумма, сумма счета, сумма сделки, к оплате, итого к оплате, order total, order amount, order sum, grand total, invoice total, total price, стоимость заказа, total amount, чек сумма, сумма покупки, сумма продажи", "number"),
    _field("order_discount", _PURCHASE, "скидка на заказ, скидка заказа, order discount", "number"),
    _field("currency", _GOODS, "валюта, currency, код валюты, currency code"),
    _field("order_source", ("orders",), "источник, канал продаж, source, sales channel, рекламный источник"),
    _field("seller", _PURCHASE, "продавец, мастер, сотрудник, кассир, специалист, исполнитель, врач, консультант, salesperson, seller, employee, staff, master"),
    _field("responsible", ("orders",), "ответственный, менеджер, manager, owner"),
    _field("order_note", ("orders",), "примечание, примечания, комментарий, комментарии, комментарий к заказу, comment, comments, note, notes", many=True),
    _field("order_note", ("sales",), "комментарий к заказу, примечание к заказу, order note, order comment"),
    # What was sold
    _field("sku", _GOODS, "артикул, арт, sku, stockcode, stock code, код товара, id товара, ид товара, код номенклатуры, product code, product id, productid, item code, vendor code, артикул товара, код услуги, item no, part number, номенклатурный номер", exact="item"),
    _field("sku", ("products",), "", exact="код, id, ид, code, внешний код"),
    _field("product", _GOODS, "товар, услуга, номенклатура, наименование товара, название товара, наименование услуги, название услуги, товар услуга, товары, услуги, что купили, что куплено, позиция, продукт, description, product, product name, item name, item, service, service name, title, товары услуги, состав заказа, продукция, вид услуги, процедура, наименование номенклатуры, блюдо", "words", exact="наименование, название, name, описание товара"),
    _field("product_group", _GOODS, "категория, группа, группа товаров, товарная группа, категория товара, раздел, category, product group, product category, product type, вид товара, группа товара, номенклатурная группа, family"),
    _field("product_kind", _GOODS, "тип номенклатуры, вид номенклатуры, товар или услуга, тип товара, product kind"),
    _field("unit", _GOODS, "единица измерения, ед изм, единица, ед, unit, uom, units"),
    _field("barcode", ("products",), "штрихкод, штрих код, barcode, ean, ean13, gtin, upc"),
    _field("quantity", _PURCHASE, "количество, кол во, колво, кол, qty, quantity, число товаров, количество товара, шт, pcs, units sold", "number"),
    _field("unit_price", _GOODS, "unitprice, unit price, цена, цена за единицу, цена за, цена продажи, price, цена товара, отпускная цена, розничная цена, розница, retail price, sale price, стоимость услуги, цена реализации, цена услуги", "number"),
    _field("unit_price", ("products",), "стоимость, прайс", "number"),
    _field("cost_price", _GOODS, "себестоимость, закупочная цена, цена закупки, закупка, цена закупочная, cost, cost price, purchase price, цена себестоимости", "number"),
    _field("line_discount", _PURCHASE, "скидка, discount, сумма скидки, discount amount", "number"),
    _field("discount_percent", _PURCHASE, "скидка процент, процент скидки, скидка %, discount %, discount percent", "number"),
    _field("line_total", _PURCHASE, "стоимость, сумма по строке, сумма строки, сумма товара, сумма позиции, amount, line total, line amount, subtotal, row total", "number", exact="сумма, итого, всего, total, чек, выручка, оплата, sum, sales, revenue"),
    _field("product_note", ("products",), "описание, примечание, комментарий, description, note"),
    _field("is_archived", ("products",), "архив, архивный, снят с продажи, archived"),
    _field("stock", ("products",), "остаток, остатки, наличие, количество, stock, quantity, in stock", "number"),
)  # fmt: skip

# An own field to be made of the column, and one whose values tell duplicates: see `new_fields`.
NEW_FIELD, NEW_DOCUMENT = "new_field", "new_document"

# A row's ordinal is never an identifier, whatever else the header says.
ORDINALS = frozenset(
    _split("n п п, n пп, п п, пп, nпп, nп п, номер по порядку, порядковый номер, номер п п, номер пп, номер строки, n строки, row number, row no, no п п, unnamed 0")
)  # fmt: skip
# Headers of an ordinal or of a real number: the values tell.
PERHAPS_ORDINALS = frozenset(_split("n, no, nn, #, n n, row, line, index, номер, id, number, сч"))


def fields_of(kind: str) -> list[Field]:
    """The fields a kind of table may have, in order of preference."""
    return [field for field in FIELDS if kind in field.kinds]


# What the business has added to its cards: asked each time, for it comes and goes. The room puts
# the question here; without a base there is nothing to ask.
_added: Callable[[], tuple[Field, ...]] = lambda: ()  # noqa: E731


def ask_for_added(question: Callable[[], tuple[Field, ...]]) -> None:
    global _added
    _added = question


def added_to(kind: str) -> list[Field]:
    """The own fields of the business that a kind of table may have; their aliases are their names."""
    return [field for field in _added() if kind in field.kinds]
