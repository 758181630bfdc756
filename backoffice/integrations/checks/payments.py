"""Cards, accounts, wallets and calls to pay past the shop."""

import hashlib
import re
from collections.abc import Iterator

from backoffice.integrations.checks.spans import Span
from backoffice.integrations.checks.words import listed

_CARD = re.compile(r"(?<![\w.,+-])\d(?:[ \u00a0-]?\d){12,18}(?![\w-])(?!\.\d)")
_CARD_GROUPS = re.compile(r"\d{4}([ \u00a0-])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?\Z")
_ISSUER = re.compile(r"4|5[1-5]|2[2-7]|3[47]|6(?:011|2|5)")
_CARD_CONTEXT = re.compile(r"карт|сбер|тинькоф|перев|оплат|card|visa|master|мир\b|pay", re.IGNORECASE)
# Numbers that payment providers publish for tests.
_TEST_CARDS = listed(
    "4111111111111111 4242424242424242 4000056655665556 5555555555554444 5105105105105100 378282246310005"
    " 371449635398431 6011111111111117 2223003122003222 4000000000000002 4012888888881881 2200000000000004"
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ \u00a0]?[A-Z0-9]){11,30}(?!\w)")
_IBAN_LENGTHS = {
    entry[:2]: int(entry[2:])
    for entry in listed(
        "AT20 BE16 BG22 CH21 CY28 CZ24 DE22 DK18 EE20 ES24 FI18 FR27 GB22 GE22 GR27 HR21 HU28 IE22 IL23 IT27"
        " KZ20 LT20 LU20 LV21 MD24 NL18 NO15 PL28 PT25 RO24 RS22 SE24 SI19 SK24 TR26 UA29 AE23 AZ28 BY28"
    )
}
# The ones that stand in every textbook about IBAN.
_TEST_IBANS = frozenset(("DE89370400440532013000", "GB82WEST12345698765432", "GB29NWBK60161331926819"))
_WALLET = re.compile(r"(?<!\w)(?:0x[0-9a-fA-F]{40}|bc1[a-z0-9]{25,60}|[T13][1-9A-HJ-NP-Za-km-z]{25,34})(?!\w)")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

_SHOP_RU = r"(?:площадк\w*|платформ\w*|маркетплейс\w*|сайта?\b|комисси\w*)"
_TO_ACCOUNT_RU = (
    r"(?:карт[уы]\b|сбер\w*|тинькоф\w*|т-банк|киви|qiwi|юмани|юmoney|yoomoney|кошел[её]к|номеру?\s+(?:карты|телефона))"
)
_SHOP_EN = r"(?:platform|marketplace|site|website|store)"
_PHRASES = re.compile(
    rf"""\b(?:
    (?:оплат\w+|оплачивайте|переведите|переводите|перечислите|перечисляйте|скиньте|скидывайте|кидайте|киньте|платите|заплатите|переводом)
      \s+(?:[\w%]+\s+){{0,4}}?(?:на|по)\s+(?:мою|мой|личную|банковскую|карту)?\s*{_TO_ACCOUNT_RU}
    |перевод\w*\s+(?:[\w%]+\s+){{0,2}}?(?:мне|на\s+мою|автору)\b
    |(?:в\s+обход|минуя)\s+(?:\w+\s+)?{_SHOP_RU}|мимо\s+(?:кассы|площадки|платформы)
    |(?:оплат\w+|опла[чт]\w+|купи\w*|покуп\w+|заказ\w*|дешевле|скидк\w+|сто(?:ит|имость))\s+[^.!?\n]{{0,50}}?(?:вне|за\s+пределами|без)\s+(?:этой\s+|данной\s+)?{_SHOP_RU}
    |(?:вне|за\s+пределами|без)\s+(?:этой\s+|данной\s+)?{_SHOP_RU}\s+[^.!?\n]{{0,30}}?(?:дешевле|скидк\w+|оплат\w+|купи\w*)
    |(?:оплат\w+|опла[чт]ива\w+|заплат\w+|плат(?:ить|ите)|дешевле|скидк\w+)\s+(?:[\w%,]+\s+){{0,4}}?напрямую
    |(?:купи(?:ть|те)|покупа\w+)\s+(?:[\w%,]+\s+){{0,3}}?(?:курс\w*|доступ\w*|урок\w*|занят\w+|обучени\w+)\s+напрямую
    |напрямую\s+(?:у\s+(?:меня|автора|нас)|автору|мне\b|от\s+автора)[^.!?\n]{{0,30}}?(?:дешевле|скидк\w+|оплат\w+|купи\w*)?
    |(?:скину|вышлю|пришлю|отправлю|дам|сообщу)\s+(?:\w+\s+){{0,2}}?(?:реквизиты|номер\s+карты)
    |реквизиты\s+(?:для\s+(?:оплаты|перевода)|в\s+(?:личк\w|лс|телеграм\w*|личных))
    |(?:перевод\w*|оплат\w+)\s+(?:\w+\s+)?по\s+сбп\b
    |(?:pay|paid|payments?|buy|purchase|order|cheaper|discount|cost)\b[^.!?\n]{{0,50}}?\b(?:outside|off|without)[\s-]+(?:of\s+)?(?:this\s+|the\s+)?{_SHOP_EN}\b
    |(?:outside|off)\s+(?:of\s+)?(?:this\s+|the\s+){_SHOP_EN}\b[^.!?\n]{{0,40}}?\b(?:cheaper|discount|pay|buy|half)
    |(?:skip|avoid|bypass|without)\s+(?:the\s+)?(?:{_SHOP_EN}(?:'s)?\s+)(?:fees?|commission|cut)
    |(?:pay|venmo|zelle|cash\s?app|paypal)\s+(?:me|us)\b|(?:pay(?!\s+attention)|buy|purchase|order)\b[^.!?\n]{{0,40}}?\bdirectly\s+(?:from|to|with|through)\s+(?:me|us|the\s+(?:author|teacher|instructor))
    |(?:directly\s+from\s+(?:me|us|the\s+author))\b
    |(?:send|transfer|wire|deposit)\s+(?:the\s+|your\s+|a\s+)?(?:money|payments?|fee|funds|[$€]?\d+\s?(?:usd|eur|dollars|\$)?)\s+[^.!?\n]{{0,15}}?(?:to\s+(?:my|our|me|us)|via|through|by)\b
    |(?:my|our)\s+(?:paypal|venmo|cash\s?app|revolut|wise|zelle|bank\s+(?:account|card)|usdt|bitcoin|btc|crypto\s+wallet)\b(?!\s+(?:integration|api|button|sdk|clone|project|course|module))
    |(?:buy|order|pay|purchase|cheaper|discount|off)\b[^.!?\n]{{0,40}}?\b(?:on|at|via|from)\s+(?:my|our)\s+(?:\w+\s+)?(?:web)?(?:site|shop)
    |(?:оплат\w+|купи\w*|заказ\w*|дешевле|скидк\w+)\s[^.!?\n]{{0,40}}?на\s+(?:мо[её]м|сво[её]м|нашем)\s+(?:\w+\s+)?сайте
    |(?:via|by|through|on|with|using)\s+(?:venmo|cash\s?app|zelle|western\s+union)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def payments(text: str) -> Iterator[Span]:
    """Spans of card numbers, accounts, wallets and phrases that lead the payment past the shop."""
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if digits in _TEST_CARDS or not _ISSUER.match(digits) or not _luhn(digits) or len(set(digits)) < 4:
            continue
        told = _CARD_CONTEXT.search(text, max(0, match.start() - 40), match.start())
        if told or _CARD_GROUPS.match(match.group()):
            yield Span("payment_card", match.start(), match.end())
    for match in _IBAN.finditer(text):
        length = _iban_length(match.group())
        if length:
            yield Span("payment_iban", match.start(), match.start() + length)
    for match in _WALLET.finditer(text):
        if match.group().startswith(("0x", "bc1")) or _base58_checks(match.group()):
            yield Span("payment_wallet", match.start(), match.end(), not match.group().startswith("0x"))
    for match in _PHRASES.finditer(text):
        yield Span("payment_phrase", match.start(), match.end())


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _iban_length(written: str) -> int:
    """Characters of the IBAN that the text begins with, spaces included; 0 if it is none."""
    wanted = _IBAN_LENGTHS.get(written[:2], 0)
    compact, used = "", 0
    for char in written:
        if len(compact) == wanted:
            break
        used += 1
        compact += "" if char.isspace() else char
    if not wanted or len(compact) < wanted or compact in _TEST_IBANS:
        return 0
    number = "".join(str(int(char, 36)) for char in compact[4:] + compact[:4])
    return used if int(number) % 97 == 1 else 0


def _base58_checks(address: str) -> bool:
    """Whether the last four bytes of a Bitcoin or Tron address are its own check sum."""
    number = 0
    for char in address:
        number = number * 58 + _BASE58.index(char)
    if number.bit_length() > 200:
        return False
    raw = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]
