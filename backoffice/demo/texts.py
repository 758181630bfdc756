"""Sentences that every demo course is filled with, in the language of the course."""

MODULES = {
    "en": ("First steps", "At work"),
    "ru": ("Первые шаги", "В деле"),
}
DESCRIPTION = {
    "en": (
        "{short}\n\n**What awaits you.** The course leads from {first} to {last}. Each lecture ends with questions, so "
        "that you notice at once what you have understood and what deserves a second look.\n\n**For whom.** For people "
        "who would rather try something once than read about it three times. Plan two or three quiet evenings a week, "
        "a notebook and some patience with yourself.\n\n**At the end** you have a small work of your own that you can "
        "show, and you know what to learn next."
    ),
    "ru": (
        "{short}\n\n**Что вас ждёт.** Курс ведёт от темы «{first}» к теме «{last}». Каждая лекция заканчивается "
        "вопросами: сразу видно, что уже понятно, а к чему стоит вернуться.\n\n**Для кого.** Для тех, кому проще один "
        "раз попробовать, чем три раза прочитать. Запланируйте два-три спокойных вечера в неделю, возьмите тетрадь и "
        "немного терпения.\n\n**В конце** у вас будет небольшая собственная работа, которую можно показать, и ясный "
        "план, чему учиться дальше."
    ),
}
REQUIREMENTS = {
    "en": ("Nothing but curiosity.", "A computer and an hour a day.", "The basics of the subject."),
    "ru": ("Только любопытство.", "Компьютер и час в день.", "Основы предмета."),
}
BODY = {
    "en": (
        "## {title}\n\nWe begin with an example from everyday work and take it apart step by step. Look first at what "
        "is there, then at what is missing: most mistakes are made because somebody was in a hurry.\n\n1. Write down "
        "what you expect to happen.\n2. Try it, and change one thing at a time.\n3. Compare the result with what you "
        "expected, and keep both.\n\nThe second part shows how the same idea looks in a larger task. "
        "Do not learn it by heart: come back to this page when you need it, and bring a question of your own."
    ),
    "ru": (
        "## {title}\n\nНачнём с примера из обычной работы и разберём его по шагам. Сначала посмотрите, что есть, потом "
        "чего не хватает: большинство ошибок появляется из-за спешки.\n\n1. Запишите, чего вы ожидаете.\n2. Попробуйте "
        "и меняйте что-то одно за раз.\n3. Сравните результат с ожиданием и сохраните оба.\n\nВо второй части та же "
        "мысль показана на задаче побольше. Не учите её наизусть: возвращайтесь к этой странице, когда понадобится, и "
        "приходите со своим вопросом."
    ),
}
HABIT = {
    "en": (
        "You have finished “{title}”. What is the best next step?",
        "Try it on a small task of your own",
        "Learn the page by heart",
        "Go on without a pause",
        "What you have done yourself once stays with you.",
    ),
    "ru": (
        "Вы прошли тему «{title}». Какой следующий шаг лучше?",
        "Попробовать на своей небольшой задаче",
        "Выучить страницу наизусть",
        "Сразу идти дальше",
        "То, что однажды сделано своими руками, остаётся.",
    ),
}
WHY = {"en": "See the lecture once more if this surprised you.", "ru": "Если ответ удивил, вернитесь к лекции."}
REVIEWS = {
    "en": (
        (5, "Clear, calm and to the point. I finished it in two weeks and used it the day after."),
        (5, "The examples are from real life, and the questions made me think twice."),
        (4, "Very good. I would have liked one more exercise at the end."),
        (4, "Well told, with a good pace. The second half is the better one."),
        (3, "Fine for a start; I knew half of it already."),
        (5, ""),
        (2, "Too slow for me, though the material is right."),
    ),
    "ru": (
        (5, "Понятно, спокойно и по делу. Прошёл за две недели и на следующий день применил."),
        (5, "Примеры из жизни, а вопросы заставляют подумать дважды."),
        (4, "Очень хорошо. Не хватило ещё одного упражнения в конце."),
        (4, "Хороший темп, вторая половина даже лучше первой."),
        (3, "Для начала неплохо, половину я уже знала."),
        (5, ""),
        (2, "Для меня слишком медленно, хотя материал верный."),
    ),
}
CHANGE = {
    "en": "\n\n**New in this edition.** A worked example and an answer to the question that students asked most.",
    "ru": "\n\n**Новое в этой редакции.** Разобранный пример и ответ на самый частый вопрос студентов.",
}
# Of the welcome video: name in the player's menu, and the captions.
CAPTIONS = {
    "en": ("English", "WEBVTT\n\n00:01.000 --> 00:05.000\n<v Vera>Welcome.\n\n00:06.000 --> 00:11.000\nLet us begin."),
    "ru": ("Русский", "WEBVTT\n\n00:01.000 --> 00:05.000\n<v Вера>Здравствуйте.\n\n00:06.000 --> 00:11.000\nНачнём."),
}
