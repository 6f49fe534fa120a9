"""Whether two names are the same name, spelt differently. Pure.

How a name is read, in this order:
  1. capitals, accents and ligatures go: É is e, ß is ss, ø is o, đ is d, ł is l, æ is ae, ĳ is ij
  2. an article of one letter goes with its apostrophe ('t, 's, d', l'); another apostrophe joins
  3. whatever else is no letter stands between two words
  4. prefixes (voorvoegsels) go: van, de, der, el, al and the others listed below
  5. a word of one letter is an initial
Two names are the same when they hold the same words and initials, in whatever order, where an
initial may stand for one word that begins with it. At least one whole word must be shared.
"""

import re
import unicodedata
from collections import Counter

# What Unicode does not take apart.
_SPELT_OUT = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ħ": "h",
        "ł": "l",
        "ı": "i",
    }
)
# The acute accent that stands alone would be taken apart into a space.
_APOSTROPHES = str.maketrans(dict.fromkeys("ʼʹ‘’`´", "'"))
_MARKS = frozenset({"Mn", "Me", "Cf"})
_ARTICLE = re.compile(r"(?<!\w)(?:'[ts](?!\w)|[dl]'(?=\w))")
_PREFIXES = frozenset(
    {
        *("aan", "bij", "in", "onder", "op", "over", "te", "ten", "ter", "tot", "uit", "voor"),
        *("van", "vande", "vanden", "vander", "de", "den", "der", "des", "het"),
        *("von", "vom", "zu", "zum", "zur", "du", "la", "le", "les"),
        *("da", "das", "del", "della", "di", "do", "dos", "el", "al", "ibn"),
    }
)


def same_name(left: object, right: object) -> bool | None:
    """Tell whether two names are the same name; unknown where either holds no whole word.

    "No" says that the names differ, and not that the persons do.
    """
    if not isinstance(left, str) or not isinstance(right, str):
        return None
    one, other = _parts(left), _parts(right)
    if not _words(one) or not _words(other):
        return None
    shared = one & other
    return bool(_words(shared)) and _stand_in(one - shared, other - shared)


def is_name(value: object) -> bool:
    """Tell whether this is a text that holds a whole word to compare."""
    return isinstance(value, str) and bool(_words(_parts(value)))


def _parts(name: str) -> Counter[str]:
    """Return the words and initials of a name, without its prefixes."""
    plain = _ARTICLE.sub(" ", _plain(name)).replace("'", "")
    words = "".join(each if each.isalpha() else " " for each in plain).split()
    return Counter(word for word in words if word not in _PREFIXES)


def _plain(name: str) -> str:
    folded = _without_marks(name.translate(_APOSTROPHES)).casefold()
    return _without_marks(folded).translate(_SPELT_OUT).translate(_APOSTROPHES)


def _without_marks(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(each for each in apart if unicodedata.category(each) not in _MARKS)


def _stand_in(left: Counter[str], right: Counter[str]) -> bool:
    """Tell whether each initial on one side stands for just one word on the other."""
    begins = _beginnings(left), _beginnings(right)
    return left - _words(left) == begins[1] and right - _words(right) == begins[0]


def _words(parts: Counter[str]) -> Counter[str]:
    return Counter({part: count for part, count in parts.items() if len(part) > 1})


def _beginnings(parts: Counter[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for word, count in _words(parts).items():
        found[word[0]] += count
    return found
