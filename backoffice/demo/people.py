"""Who lives in the demo shop, and its catalogues."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Author:
    """An author: login, names and what the profile says."""

    email: str
    name: str
    locale: str
    time_zone: str
    headline: str
    about: str
    expertise: tuple[str, ...]
    years: int


AUTHORS = (
    Author(
        "author@lectern.example",
        "Vera Lindqvist",
        "en",
        "Europe/Stockholm",
        "Software engineer and teacher",
        "I have built software for fifteen years and taught it for nine. I like small examples that really run.",
        ("Python", "Databases", "Testing"),
        9,
    ),
    Author(
        "marat@lectern.example",
        "Марат Ахметов",
        "ru",
        "Europe/Moscow",
        "Аналитик данных, преподаватель статистики",
        "Десять лет работаю с данными и столько же объясняю, почему среднее обманывает. Люблю графики без украшений.",
        ("Статистика", "SQL", "Визуализация"),
        10,
    ),
    Author(
        "ines@lectern.example",
        "Inês Carvalho",
        "en",
        "Europe/Lisbon",
        "Designer of quiet interfaces",
        "Typography, colour and forms that people fill in without noticing. Before that, eleven years in print.",
        ("Typography", "Interface design"),
        6,
    ),
    Author(
        "olga@lectern.example",
        "Ольга Ветрова",
        "ru",
        "Asia/Yekaterinburg",
        "Фотограф и редактор",
        "Снимаю людей и города, учу видеть свет. Веду мастерскую для начинающих с 2012 года.",
        ("Фотография", "Обработка"),
        12,
    ),
    Author(
        "samuel@lectern.example",
        "Samuel Adeyemi",
        "en",
        "Africa/Lagos",
        "Founder, now helping founders",
        "Two companies sold, one closed. I teach the arithmetic and the conversations that I wish I had known.",
        ("Finance", "Negotiation"),
        5,
    ),
    Author(
        "hanna@lectern.example",
        "Hanna Weiss",
        "en",
        "Europe/Vienna",
        "Musician and language coach",
        "I play the cello and teach adults who were told that they are not musical. They were told wrong.",
        ("Music", "German"),
        14,
    ),
)
STUDENT = ("student@lectern.example", "Stella Marsh", "en", "Europe/London")
MODERATOR = ("moderator@lectern.example", "Mona Keller", "en", "Europe/Berlin")
ADMIN = ("admin@lectern.example", "Adam Petrov", "en", "UTC")
BUYERS = (
    "Anna Berg",
    "Илья Сомов",
    "Grace Liu",
    "Тимур Галиев",
    "Paul Novak",
    "Мария Котова",
    "Noor Haddad",
    "Денис Орлов",
    "Clara Rossi",
    "Света Юрина",
    "Jonas Eklund",
    "Павел Рудин",
    "Amara Obi",
    "Катя Лебедева",
    "Tom Hughes",
    "Нина Шарова",
    "Lena Vogel",
    "Артём Зуев",
    "Rosa Diaz",
    "Юлия Мельник",
    "Ben Carter",
    "Олег Фомин",
    "Mei Tanaka",
    "Вика Громова",
)

# Slug, English, Russian.
CATEGORIES = (
    ("programming", "Programming", "Программирование"),
    ("data", "Data", "Данные"),
    ("design", "Design", "Дизайн"),
    ("photography", "Photography", "Фотография"),
    ("business", "Business", "Бизнес"),
    ("music", "Music", "Музыка"),
    ("languages", "Languages", "Языки"),
)
# Area in English and Russian, then skills: slug, English, Russian.
SKILLS = (
    (
        "Backend",
        "Бэкенд",
        (("python", "Python", "Python"), ("sql", "SQL", "SQL"), ("testing", "Testing", "Тестирование")),
    ),
    ("Analysis", "Анализ", (("statistics", "Statistics", "Статистика"), ("charts", "Charts", "Графики"))),
    ("Interfaces", "Интерфейсы", (("typography", "Typography", "Типографика"), ("colour", "Colour", "Цвет"))),
    ("Camera", "Камера", (("light", "Light", "Свет"), ("retouching", "Retouching", "Обработка"))),
    ("Work", "Работа", (("negotiation", "Negotiation", "Переговоры"), ("finance", "Finance", "Финансы"))),
    (
        "Ear",
        "Слух",
        (("rhythm", "Rhythm", "Ритм"), ("listening", "Listening", "Слушание"), ("german", "German", "Немецкий")),
    ),
)
LANGUAGES = (("en", "English", "Английский"), ("ru", "Russian", "Русский"))
REASONS = (
    ("content-quality", "The content is not ready for buyers yet.", "Материал пока не готов для покупателей."),
    ("misleading", "Title or description promise something else.", "Название или описание обещают другое."),
    ("rights", "It is not clear that you own the rights.", "Неясно, принадлежат ли вам права."),
    ("contacts", "It leads buyers away from the shop.", "Курс уводит покупателей с площадки."),
    ("language", "The tone is not acceptable.", "Недопустимый тон."),
)
