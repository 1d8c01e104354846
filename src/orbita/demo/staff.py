"""The people who work in the demo company and sign in to it."""

from orbita.demo.records import Employee

COMPANY_NAME = "Обжарщик «Север и Юг»"
WHOLESALE, RETAIL = "Опт", "Розница"
TEAMS = (WHOLESALE, RETAIL)

EMPLOYEES: tuple[Employee, ...] = (
    Employee("admin@demo.example", "Павел Ершов", "administrator"),
    Employee("natalia@demo.example", "Наталья Орлова", "head", WHOLESALE),
    Employee("irina@demo.example", "Ирина Соколова", "manager", WHOLESALE),
    Employee("denis@demo.example", "Денис Карпов", "manager", WHOLESALE),
    Employee("oleg@demo.example", "Олег Власов", "manager", WHOLESALE),
    Employee("alina@demo.example", "Алина Мухина", "manager", RETAIL),
    Employee("svetlana@demo.example", "Светлана Жукова", "manager", RETAIL),
    Employee("timur@demo.example", "Тимур Галеев", "manager", RETAIL),
    Employee("maria@demo.example", "Мария Белова", "marketer"),
    Employee("egor@demo.example", "Егор Лапин", "support", RETAIL),
    Employee("viktor@demo.example", "Виктор Зимин", "viewer"),
)

_INDEX = {employee.name: index for index, employee in enumerate(EMPLOYEES)}
SUPPORT = _INDEX["Егор Лапин"]
# Who leads clients of each sort, and how large a share.
OF_COMPANIES = (
    (_INDEX["Ирина Соколова"], 42),
    (_INDEX["Денис Карпов"], 35),
    (_INDEX["Олег Власов"], 23),
)
OF_PERSONS = (
    (_INDEX["Алина Мухина"], 40),
    (_INDEX["Светлана Жукова"], 34),
    (_INDEX["Тимур Галеев"], 26),
)


def employee(name: str) -> int:
    """The index of an employee by his name."""
    return _INDEX[name]
