"""How people write addresses, nicknames and calls to leave the shop: patterns in Russian and English.

They run over plain text (`glyphs.plain`), ignoring case.
"""

import re

from backoffice.integrations.checks.words import listed


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


MESSENGER_HOSTS = listed(
    "t.me telegram.me telegram.dog telegram.im wa.me api.whatsapp.com chat.whatsapp.com whatsapp.com discord.gg"
    " discord.com discordapp.com viber.com vb.me m.me signal.me signal.group line.me join.skype.com msng.link"
)
SOCIAL_HOSTS = listed(
    "vk.com vk.me vk.ru m.vk.com ok.ru instagram.com instagr.am facebook.com fb.com fb.me twitter.com x.com tiktok.com"
    " threads.net linkedin.com patreon.com boosty.to onlyfans.com twitch.tv dzen.ru"
)
SHORTENER_HOSTS = listed(
    "bit.ly bitly.com clck.ru goo.gl goo.su tinyurl.com t.co is.gd cutt.ly vk.cc u.to ow.ly rb.gy shorturl.at qps.ru"
    " tiny.cc taplink.cc taplink.ws linktr.ee lnk.bio bit.do rebrand.ly s.id t.ly v.gd buff.ly adf.ly hipolink.net"
    " beacons.ai mssg.me"
)
PAYMENT_HOSTS = listed(
    "paypal.me paypal.com qiwi.com yoomoney.ru money.yandex.ru venmo.com cash.app ko-fi.com buymeacoffee.com"
    " donationalerts.com donate.stream gumroad.com robokassa.ru prodamus.ru payform.ru revolut.me wise.com"
)
# Reserved for examples by RFC 2606, and machines that only the reader has.
EXAMPLE_HOST = re.compile(
    r"(?:.*\.)?(?:example(?:\.(?:com|org|net|ru))?|test|invalid|localhost|local|localdomain|internal)\Z", re.IGNORECASE
)
PRODUCT_NAMES = listed(
    "asp.net ado.net vb.net ml.net paint.net socket.io draw.io diagrams.net java.io java.net system.io system.net"
    " booking.com amazon.com last.fm monday.com cars.com salesforce.com character.ai crates.io shields.io c.ai x.ai"
    " travis.ci itch.io akka.net quartz.net accord.net emgu.tv hh.ru 1c.ru mail.ru avito.ru"
)
FILE_ENDINGS = listed(
    "py js ts jsx tsx vue html htm css scss md rst txt pdf doc docx xls xlsx csv json yaml yml toml xml php rb"
    " go rs java kt swift cpp hpp cs sh bat exe zip rar gz tar png jpg jpeg gif svg mp3 mp4 avi mov psd sql"
    " ipynb ini cfg log lock get set add pop key value name data size length"
)
BARE_TLDS = listed(
    "ru com org net рф su io info biz online store shop club school academy site space xyz kz ua by tv ai edu me gg cc"
    " онлайн рус москва сайт website eu de uk us link"
)

_DOT = r"\s*[\[({<]?\s*(?:\bточка\b|\bтчк\b|\bdot\b|\btochka\b|\.)\s*[\])}>]?\s*"
_WORD_DOT = r"(?:\s*[\[({<]\s*(?:точка|тчк|dot|\.)\s*[\])}>]\s*|\s+(?:точка|тчк|dot|tochka)\s+)"
_TLD = r"(?:com|ком|ru|ру|org|орг|net|нет|рф|su|io|me|info|edu|ua|by|kz|de|uk|eu|us|co)(?![\w-])"

URL = _compile(
    r"""(?<![\w@.$-])
    (?P<scheme>(?:https?|hxxps?|ftp|tg|viber|skype|whatsapp)\s?:\s?/\s?/\s?)?
    (?P<host>(?:[\w-]+\.)+[a-zа-я][\w-]*|(?<=//)localhost)
    (?P<port>:\d+)?
    (?P<path>[/?\#][^\s<>"'`)\]]*)?"""
)
APP_LINK = _compile(r"(?<!\w)(?:tg|viber|skype|whatsapp)://\S+|(?<!\w)skype:[\w.]{4,}(?:\?(?:chat|call|add))?")
SPELLED_HOST = _compile(
    rf"(?<![\w@.-])(?P<www>(?:https?\s*:?\s*/*\s*|www\s*{_DOT})?)(?P<host>[\w-]{{3,}}){_WORD_DOT}(?P<tld>{_TLD})"
)
DOTLESS_HOST = _compile(r"\bwww\s+[\w-]{3,}\s+(?:ru|com|ру|ком|рф|net|org)(?!\w)")
SPELLED_MESSENGER = _compile(
    rf"""(?<![\w.])(?:(?:t|т){_DOT}(?:me|ме)|(?:wa|ва){_DOT}(?:me|ме)|discord{_DOT}gg|telegram{_DOT}me)\s*
    (?:/|слэш|слеш|slash)\s*@?[\w+]{{2,}}"""
)

EMAIL = _compile(
    r"(?<![\w.+@:/-])(?P<user>[\w][\w.+-]{0,63})(?:\s{0,2}@\s{0,2})(?P<host>[\w-]+(?:\s?\.\s?[\w-]+)*?\s?\.\s?[a-zа-я]{2,})(?![\w@])"
)
SPELLED_EMAIL = _compile(
    rf"""(?<![\w.+-])(?P<user>[\w][\w.+-]{{1,63}})
    (?:\s*[\[({{<«]\s*(?:at|собака|собачка|sobaka|эт|a|@)\s*[\])}}>»]\s*|\s+(?:собака|собачка|sobaka)\s+|\s*@\s*)
    (?P<host>[\w-]{{2,}}{_DOT}{_TLD})"""
)
DOTLESS_EMAIL = _compile(
    r"(?<![\w.+-])(?P<user>\w[\w.+-]{1,63})\s+(?:собака|собачка|sobaka)\s+(?P<host>[\w-]{2,}\s+(?:ру|ru|ком|com))(?!\w)"
)
SPELLED_AT = _compile(
    rf"""(?<![\w.+-])(?P<user>[\w][\w.+-]{{1,63}})\s+(?:at|эт)\s+
    (?P<host>[\w-]{{2,}}{_WORD_DOT}{_TLD})"""
)
PROVIDER_AT = _compile(
    r"(?<![\w.+-])(?P<user>[\w.+-]+)\s+at\s+(?P<host>(?:gmail|yandex|yahoo|outlook|hotmail|icloud|proton|inbox|rambler)\.\w{2,3})\b"
)
MAIL_CONTEXT = _compile(r"\b(?:write|mail|e-?mail|reach|contact|почт\w*|емейл|имейл|мыло|напиш\w*|пиши\w*)\b")

HANDLE = _compile(r"(?<![\w@/.`:-])@(?P<nick>[a-z][a-z0-9_]{3,31}(?:\.[a-z0-9_]+)*)(?![\w@])")
DECORATORS = listed(
    "property staticmethod classmethod dataclass override overload cached wraps contextmanager abstractmethod action"
    " functools pytest fixture login_required receiver task actor route click"
    " autowired override bean test nullable notnull entity service controller component getmapping postmapping data"
    " import media keyframes charset supports font-face font include mixin extend return tailwind apply layer container"
    " everyone here param returns throws types latest angular vue babel deprecated author since version see link"
    " input output injectable ngmodule viewchild hostlistener state binding published main escaping objc available"
    " interface implementation end selector protocol synchronized transactional"
)
CODE_CONTEXT = _compile(
    r"""\b(?:декоратор\w*|аннотаци\w*|директив\w*|пакет\w*|decorators?|annotations?|directives?|npm|css|python|java|spring
    |def|class|правил\w*|at-rules?)\b"""
)

_MESSENGER = r"""(?:телеграм\w{0,3}|телег(?:а|е|у|и|ой)|тг|тгк|telegram|whats\s?app\w?
    |в[ао]тс?[ао]п\w{0,2}|ва[цт]ап\w{0,2}
    |viber|вайбер\w{0,2}|discord|дискорд\w{0,2}|skype|скайп\w{0,2}|инстаграм\w{0,2}|инст[аеу]|instagram|insta|wechat
    |vk|вк|вконтакте|ig|signal|messenger|фейсбук\w{0,2}|facebook)"""
CONTACT_CONTEXT = _compile(
    rf"""\b(?:{_MESSENGER}|канал\w*|чат\w*|групп\w+|ник\w{{0,2}}|пиши\w*|напиш\w*|пишите|личк\w|личные|связ\w+|свяж\w+|контакт\w*
    |подпис\w+|вопрос\w*|аккаунт\w*|channel|chat|group|write|message|dm|contact|follow|subscribe|nick(?:name)?|reach|find|me
    |account|handle|questions|here)\b"""
)
NICK = _compile(
    rf"""\b(?P<app>{_MESSENGER})(?![\w-])\s*(?P<mark>(?:[:=—–-]|\(|,)?\s*(?:ник(?:нейм)?|логин|nick(?:name)?|аккаунт|id|handle|username
    |login|мой|my)?\s*(?:is\b)?\s*[:=—–-]?)\s*@?(?P<nick>[a-z][a-z0-9_.]{{3,31}}(?:\#\d{{4}})?)(?![\w-])"""
)
CALLS = _compile(
    rf"""\b(?:
    (?:пиши(?:те)?|напиши(?:те)?|стучи(?:те|тесь)?|свяжи(?:тесь|сь)|связывайтесь|связаться|обращай(?:тесь|ся)|звони(?:те)?
      |отпиши(?:тесь|те)?|маякни(?:те)?|добавляй(?:тесь|ся|те)?|жду|ищи(?:те)?|найди(?:те)?)
    (?:\s+(?:мне|меня|нам|нас|вас|со|мной|с|нами|лично|сразу|прямо|можно|только|мой|в|во|на|через|личные|сообщения|личку|лс|автор\w+|по))*
    \s+(?:{_MESSENGER}|личк[уе]|директ|лс)
    |(?:подпи(?:шись|шитесь|сывайтесь|сывайся)|вступай(?:те)?|заходи(?:те)?|переходи(?:те)?|присоединяй(?:тесь|ся)
      |добавляй(?:тесь|ся))\s+(?:[\w-]+\s+){{0,4}}?{_MESSENGER}
    |у\s+(?:меня|нас)\s+в\s+{_MESSENGER}|(?:меня|нас)\s+(?:можно|легко|просто)?\s*(?:найти|найд[её]те)\s+(?:в\s+)?{_MESSENGER}
    |(?:with|to|from)\s+(?:me|us)\s+(?:via|on|through|by|in)\s+{_MESSENGER}
    |(?:мой|мо[её]м|моего|наш|нашем|нашего|мою|нашу|моей|нашей)\s+(?:[\w-]+\s+){{0,2}}?{_MESSENGER}[\s-]+(?:канал|чат|групп)\w*
    |(?:write|text|message|dm|ping|contact|reach|find|add|follow|hit|call)\s+(?:to\s+)?(?:me|us)\b[^.!?\n]{{0,20}}?\b{_MESSENGER}
    |(?:join|follow|subscribe\s+to)\s+(?:my|our)\s+(?:[\w-]+\s+){{0,2}}?{_MESSENGER}
    )(?!\w)(?!\s*[-]?\s*(?:бот\w*|bots?|api)\b)"""
)
LINK_CONTEXT = _compile(
    r"\b(?:сайт\w*|ссылк\w*|заход\w*|перейд\w*|переход\w*|жми\w*|подробн\w*|site|website|visit|go\s+to|details|link|see\s+my|на\s+мо[её]м)\b"
)
SHELL_CONTEXT = _compile(r"\b(?:ssh|scp|rsync|sftp|git|clone|ssh-copy-id|mysql|psql)\b[^\n]{0,30}\Z")
