"""Roots of bad words in Russian and English, and the innocent words that look like them.

A pattern is a whole word, folded before by `glyphs.folded`: lower case, `й` is `и`, `ё` is `е`.
STRONG is obscene or a slur; MILD is coarse or an insult.
"""

import re

from backoffice.integrations.checks.words import listed


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("(?:" + "|".join(patterns) + r")\Z", re.VERBOSE)


# Word parts after which the root is obscene; "т", "себе", "стра", "пло" and the like are left out on purpose.
_BEFORE_EB = (
    "(?:не|ни)?(?:недо|на|за|по|до|про|пере|при|вы|у|изо|ото|(?:об|от|под|раз|из|вз|в|с)[ъь]"
    "|дол?ь?б[оа]?|далб[оа]|мозго|козло|ското|остоп[ои]|лохо|хуе|мудо|трое|и)?"
)

STRONG_RU = _words(
    r"(?:по|не|ни|на|до|за|о|у|от|об|вы|с|рас|раз|при|про|пере|под|недо|а)?ху[ияюе]\w*",
    r"\w*пизд\w*",
    r"бля|бля[дт]\w*|(?:вы|за|на|раз|рас|о|из|недо|полу)бляд\w*",
    rf"{_BEFORE_EB}еб\w+|(?:у|за|вы|на|про|до|долбо|долба|далбо)еб",
    r"(?:за|по|у|вы|до|на|долбо)?иоб(?:а|н|т)\w*",
    r"муд(?:ак|ач|озвон|оеб|охат)\w*|муд(?:ил[аоуы]|илой|ло|ла)",
    r"п[ие]д[оа]р\w*|пидр\w*|п[ие]дераст\w*",
    r"г[ао]ндон\w*",
    r"залуп\w*",
    r"манд(?:а|у|ой|авошк\w*)",
    r"шлюх\w*",
    r"(?:по|на|за|под|вз|от|из|при)?дроч\w*",
    r"ниггер\w*",
    r"мазафак\w*|факю",
    r"пздц|пзд(?:а|ец|еть)|блдь",
)
MILD_RU = _words(
    r"сук(?:а|и|у|е|ой|ою|ин\w*)|суч(?:ка|ара|арой|ары|ьего)",
    r"(?:на|по|до|о|ни)?хер(?:|ня|ню|ни|ней|ов\w*|а|у|ом|ач\w*|ну\w*)|хули",
    r"жоп\w*",
    r"(?:на|за|об|по)?говн\w*",
    r"дерьм\w*",
    r"(?:на|по|об|за|у|вы|про|пере|рас|и)?сра(?:ть|ться|л|ла|ли|лся|лись|ны[ие]|ная|ное|ных|ч|котан)",
    r"придур(?:ок|к|ош)\w*",
    r"дебил\w*",
    r"мраз(?:ь|и|ота)",
    r"ублюд\w*",
    r"педик(?:|и|ов|ам|а|у)",
    r"чмо|чмошник\w*",
    r"сволоч\w*",
    r"быдл\w*",
    r"тупорыл\w*",
)
STRONG_EN = _words(
    r"(?:mother|mutha|cluster|un|be|brain|butt|head|dumb|mind|bum|ass|face|rat)?f[uv]+c+k\w*",
    r"(?:mother)?f(?:c|u)k(?:|s|ers?|ed|ing?|n|you|off|up)|fkn|mofos?",
    r"phu(?:ck|k)(?:|s|ers?|ing|ed|you)",
    r"(?:bull|horse|dip|chicken|ape|bat|holy|dog|no|jack|dumb)?shit\w*",
    r"\w{0,6}cunt(?:|s|y|ing|face|hole)",
    r"(?:sonofa)?b[iy]a?tch(?:|es|ed|y|ing|in|ass|slap\w*|z)|b[ei]otch",
    r"(?:dumb|fat|big)?(?:ass|arse|azz)(?:hole|wipe|clown|lick|fuck|hat)\w*",
    r"dick(?:head|suck|wad)\w*|cock(?:suck|head)\w*",
    r"nigg(?:a|er|uh|az)\w*",
    r"faggots?",
    r"wank(?:|s|ers?|ing|ed|y)",
    r"twats?",
    r"(?:whore|slut)(?:|s|y|ty|ing|ish)",
    r"jizz|cum(?:shot|slut|dump)s?|blowjobs?|handjobs?",
    r"kikes|tranny|trannies",
)
MILD_EN = _words(
    r"(?:dumb|jack|bad|smart|fat|lazy|half|kick)?ass(?:|es)",
    r"crap(?:|py|s|ped)",
    r"piss(?:|ed|ing|es|er)",
    r"bastards?",
    r"dicks|pricks?|puss(?:y|ies)|tits|boobs|bollocks|arse",
    r"retard(?:s|ed)?|morons?|douche(?:bag)?s?|scumbags?",
    r"goddamn\w*",
)
# Russian in Latin letters; "huy", "hui" and "nahua" alone are names.
STRONG_TRANSLIT = _words(
    r"[hx]u[yj](?:nya|nia|nja|n[yi]|lo|ov\w*|ev\w*|ar\w*|ak\w*|ach\w*)|[hx]ui(?:nya|lo)|huesos\w*|hueta|xu[yj]",
    r"(?:na|po|do|ni)[hx]u[yij]|(?:do|ni)[hx]u[yji]a|(?:o|a)[hx]uy?e[ltnv]\w*",
    r"\w*pizd(?:a|e|u|y|i|o|n|c|ts|j)\w*",
    r"bl(?:ya|ia|ja)[dt]\w*|bl[yj]a",
    r"(?:za|na|po|vi|vy|pro|do|u|ot|ob|raz|pere)(?:[yj]?e|[yj]o)b(?:at|al|an|nu|uch|ut|is|en|ok)\w*",
    r"[yj]?eb(?:at|ati|alo?|any|aniy|anyi|anut\w*|nut\w*|uch\w*|lan\w*)|[yj]ob(?:any|aniy)\w*",
    r"dolb[oa][yj]?[eo]b\w*",
    r"mudak(?:|i|a|u|om|ov)|mudila|mudozvon",
    r"pid[oa]r(?:|as\w*|y|i|ok|ov|u|a)",
    r"g[ao]ndon(?:|y|i|a|ov)",
    r"zalup[auyei]",
    r"shl[yj]u[hx]\w*",
)
MILD_TRANSLIT = _words(r"suka|su(?:4|ch)ka|cyka", r"zhop[aueyi]|jopa", r"govno\w*")

# The one-word look-alikes that the roots above do catch.
HARMLESS = _words(
    r"хуиз",
    r"ебург\w*|ебитд\w*|ебе[ий]|ебаи?|ебонит\w*|ебзее\w*|ебилд\w*|ебук\w*",
    r"дрочен(?:а|ы|у|ик\w*)",
    r"shi+take\w*|shitara|shittah|shitt?im|shita[ok]?|shitij|shito|shi+tes?",
    r"niggard\w*",
    r"scunthorpe",
    r"fukuoka",
    r"brainfuck(?:lexer)?",
)

# Spelled with a gap after each letter; here `й` stays itself, for "х, у и z" is mathematics.
SPACED = re.compile(
    r"хуй|хуя(?:к|р|\Z)|хуе[втл]|пизд|бля[дт]|ебать|ебан|мудак|пид[оа]р|fuck|shit|cunt|bitch|nigger|asshole|nahuy|pizd"
)
SPLIT = re.compile(
    r"(?<!\w)(?:[её]б\s+твою|пиз\s+д(?:а|ец|еть|ы|ой)|бл\s+я[дт]ь|бля\s+[дт]ь|ху\s+(?:й|йня|евый|ево)|еба\s+(?:ть|ный)|е\s+бать"
    r"|fu\s+ck(?:ing|ed|er)?|bi\s+tch(?:es)?|cu\s+nt|mother\s+fuck\w*)(?!\w)",
    re.IGNORECASE,
)
# Words that are recognised with some of their letters hidden behind stars.
MASKABLE_STRONG = listed(
    "хуи хуя хуиня хуиню хуиней хуево хуевыи хуевая хуета нахуи похуи охуел охуенно пизда пизду пизды пизде пиздец"
    " пиздеж пиздит блять блядь бляди блядскии ебать ебал ебаныи ебаная ебаное ебут ебанутыи заебал заебали заебись"
    " уебок уебки долбоеб долбоебы мудак мудаки пидор пидоры пидорас пидарас гандон залупа шлюха шлюхи"
    " fuck fucks fucking fucked fucker fuckers shit shits shitty bullshit bitch bitches cunt cunts asshole assholes"
    " motherfucker motherfuckers nigger niggers faggot cocksucker whore dickhead"
)
MASKABLE_MILD = listed("сука суки суку жопа жопу дерьмо говно хрень bastard")
