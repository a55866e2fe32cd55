"""The Unicode characters of LaTeX commands.

Most are read from two tables of the LaTeX Project Public License: that of unicode-math (mathematical symbols) and that
of hyperref (`puenc.def`, symbols of text). CHARACTERS has those that both lack or that stand for another character
there: it was made by comparing the glyphs with the code charts of Unicode.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from ml.symbols.typeset import Symbol, find_tex_file

CHANCERY, ROUNDHAND = "\ufe00", "\ufe01"  # variation selectors: \mathcal and \mathscr are two shapes of one character
ALPHABETS = {"mathfrak": "FRAKTUR", "mathds": "DOUBLE-STRUCK", "mathbb": "DOUBLE-STRUCK"}
ALPHABETS |= {"mathcal": "SCRIPT", "mathscr": "SCRIPT"}
HOLES = {  # letters of mathematical alphabets that Unicode had before
    "SCRIPT": dict(zip("BEFHILMRegoeo", "ℬℰℱℋℐℒℳℛℯℊℴℯℴ", strict=True)),
    "FRAKTUR": dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True)),
    "DOUBLE-STRUCK": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)),
}

# Greek letters are found by their names; these are the ones whose names say something else.
GREEK = {
    "epsilon": "ϵ", "varepsilon": "ε", "phi": "ϕ", "varphi": "φ", "vartheta": "ϑ", "varpi": "ϖ", "varrho": "ϱ",
    "varsigma": "ς", "varkappa": "ϰ", "lambda": "λ", "Lambda": "Λ", "digamma": "ϝ",
    # upgreek draws the usual letters for these two
    "upvarrho": "ρ", "upvarsigma": "σ",
}  # fmt: skip

CHARACTERS = {
    # LaTeX itself
    "&": "&", "|": "|", r"\|": "‖", r"\$": "$", r"\#": "#", r"\{": "{", r"\}": "}", "[": "[", "]": "]", r"\%": "%",
    r"\_": "_", "/": "/", r"\\": "\\", "!`": "¡", r"\--": "–", r"\---": "—", r"\----": "", r"\&": "&", r"\P": "¶",
    r"\S": "§", r"\aa": "å", r"\AA": "Å", r"\bigcirc": "◯", r"\c{c}": "ç", r"\colon": ":", r"\dag": "†",
    r"\ddag": "‡", r"\dots": "…", r"\ldots": "…", r"\ldotp": ".", r"\pounds": "£", r"\SS": "ẞ", r"\sqrt{}": "√",
    r"\textbar": "|", r"\textgreater": ">", r"\textless": "<", r"\textquotedbl": '"', r"\not\approx": "≉",
    r"\not\equiv": "≢", r"\not\sim": "≁", r"\not\simeq": "≄", r"\mathellipsis": "…", r"\mathunderscore": "_",
    r"\mathparagraph": "¶", r"\mathsection": "§", r"\mathsterling": "£", r"\mathdollar": "$", r"\hbar": "ℏ",
    r"\textasciicircum": "^", r"\textasciitilde": "~", r"\textbackslash": "\\", r"\textasteriskcentered": "∗",
    r"\ast": "∗", r"\bullet": "∙", r"\textbullet": "•", r"\star": "⋆", r"\mid": "∣", r"\ss": "ß", r"\setminus": "∖",
    r"\triangle": "△", r"\perp": "⟂", r"\bot": "⊥", r"\langle": "⟨", r"\rangle": "⟩", r"\diamond": "⋄",
    r"\hslash": "ℏ", r"\cdotp": "·", r"\cdot": "⋅", r"\prime": "′", r"\surd": "√", r"\emptyset": "∅", r"\neg": "¬",
    # amsmath, amssymb
    r"\dotsb": "⋯", r"\dotsc": "…", r"\dotsi": "⋯", r"\dotsm": "⋯", r"\dotso": "…", r"\idotsint": "∫⋯∫",
    r"\backepsilon": "϶", r"\blacklozenge": "⧫", r"\blacksquare": "■", r"\centerdot": "·", r"\circledR": "®",
    r"\circledS": "Ⓢ", r"\diagdown": "╲", r"\diagup": "╱", r"\Diamond": "◊", r"\eth": "ð", r"\gvertneqq": "≩︀",
    r"\lvertneqq": "≨︀", r"\nshortmid": "∤", r"\nshortparallel": "∦", r"\shortmid": "∣", r"\shortparallel": "∥",
    r"\smallfrown": "⌢", r"\smallsmile": "⌣", r"\square": "□", r"\thickapprox": "≈", r"\thicksim": "∼",
    r"\varpropto": "∝", r"\varsubsetneq": "⊊︀", r"\varsubsetneqq": "⫋︀", r"\varsupsetneq": "⊋︀",
    r"\varsupsetneqq": "⫌︀", r"\smallsetminus": "∖", r"\geqslant": "⩾", r"\leqslant": "⩽", r"\varnothing": "∅",
    r"\ngeqslant": "⩾̸", r"\nleqslant": "⩽̸", r"\ngeqq": "≧̸", r"\nleqq": "≦̸", r"\npreceq": "⪯̸", r"\nsucceq": "⪰̸",
    r"\nsubseteqq": "⫅̸", r"\nsupseteqq": "⫆̸", r"\Bbbk": "𝕜", r"\dashleftarrow": "⇠", r"\dashrightarrow": "⇢",
    r"\doublebarwedge": "⩞", r"\barwedge": "⊼", r"\lozenge": "◊", r"\bigstar": "★", r"\veebar": "⊻",
    r"\eqslantgtr": "⪖", r"\eqslantless": "⪕", r"\curlyeqprec": "⋞", r"\curlyeqsucc": "⋟", r"\vartriangle": "△",
    r"\triangledown": "▽", r"\blacktriangle": "▲", r"\blacktriangledown": "▼",
    r"\angle": "∠", r"\maltese": "✠", r"\checkmark": "✓", r"\leadsto": "⇝", r"\rightsquigarrow": "⇝",
    # cmll, esint, mathdots, mathtools, skull, stmaryrd, gensymb
    r"\parr": "⅋", r"\with": "&", r"\dotsint": "∫⋯∫", r"\landdownint": "⨚", r"\landupint": "⨙", r"\sqiint": "",
    r"\varoiint": "∯", r"\varointctrclockwise": "∳", r"\varointclockwise": "∲", r"\ointctrclockwise": "∳",
    r"\ointclockwise": "∲", r"\iddots": "⋰", r"\colonapprox": ":≈", r"\Colonapprox": "∷≈", r"\coloneqq": "≔",
    r"\coloneq": "≔", r"\Coloneqq": "⩴", r"\colonsim": "∶∼", r"\Colonsim": "∷∼", r"\dblcolon": "∷",
    r"\eqcolon": "≕", r"\eqqcolon": "≕", r"\Eqcolon": "=∷", r"\Eqqcolon": "=∷", r"\skull": "☠",
    r"\inplus": "", r"\niplus": "", r"\lbag": "⟅", r"\rbag": "⟆", r"\Lbag": "", r"\Rbag": "", r"\leftrightarroweq": "",
    r"\llbracket": "⟦", r"\rrbracket": "⟧", r"\llceil": "", r"\rrceil": "", r"\llfloor": "", r"\rrfloor": "",
    r"\nnearrow": "", r"\nnwarrow": "", r"\ssearrow": "", r"\sswarrow": "", r"\shortdownarrow": "↓",
    r"\shortleftarrow": "←", r"\shortrightarrow": "→", r"\shortuparrow": "↑", r"\llparenthesis": "⦇",
    r"\rrparenthesis": "⦈", r"\bigsqcap": "⨅", r"\boxbar": "◫", r"\lightning": "↯", r"\celsius": "℃",
    r"\degree": "°", r"\ohm": "Ω", r"\leftarrowtriangle": "⇽", r"\rightarrowtriangle": "⇾",
    r"\leftrightarrowtriangle": "⇿",
    # textcomp
    r"\textcentoldstyle": "¢", r"\textdblhyphen": "⹀", r"\textdblhyphenchar": "⹀", r"\textdiv": "÷",
    r"\textdollaroldstyle": "$", r"\textpilcrow": "¶", r"\textpm": "±", r"\textquotestraightbase": "",
    r"\textquotestraightdblbase": "", r"\textthreequartersemdash": "", r"\texttwelveudash": "", r"\texttimes": "×",
    r"\textbardbl": "‖", r"\textbigcircle": "◯", r"\textlangle": "〈", r"\textrangle": "〉", r"\textblank": "␢",
    r"\textopenbullet": "◦", r"\textminus": "−", r"\textdegree": "°", r"\textlnot": "¬", r"\textmu": "µ",
    r"\textsurd": "√", r"\textbrokenbar": "¦", r"\textfractionsolidus": "⁄", r"\textrecipe": "℞",
    # tipa
    r"\textbarb": "ƀ", r"\textbarc": "", r"\textbard": "đ", r"\textbarg": "ǥ", r"\textbeta": "β", r"\textceltpal": "ʼ",
    r"\textchi": "χ", r"\textcrg": "ǥ", r"\textcrh": "ħ", r"\textcrb": "ƀ", r"\textcrd": "đ", r"\textctdctzlig": "ȡʑ",
    r"\textcttctclig": "ȶɕ", r"\textdoublebaresh": "", r"\textdoublebarslash": "≠", r"\textdoublevertline": "‖",
    r"\textepsilon": "ɛ", r"\textg": "g", r"\textscriptg": "ɡ", r"\textgamma": "ɣ", r"\textglobfall": "↘",
    r"\textglobrise": "↗", r"\texthardsign": "ъ", r"\texthooktop": "", r"\textiota": "ɩ", r"\textlambda": "λ",
    r"\textObardotlessj": "ɟ", r"\textOlyoghlig": "ɮ", r"\textomega": "ω", r"\textpalhook": "", r"\textphi": "ɸ",
    r"\textraisevibyi": "", r"\textramshorns": "ɤ", r"\textrhoticity": "˞", r"\textrthook": "", r"\textscomega": "ꭥ",
    r"\textsoftsign": "ь", r"\texttheta": "θ", r"\texttoneletterstem": "", r"\textturncelig": "", r"\textupsilon": "ʊ",
    r"\textvertline": "|", r"\textpipe": "ǀ", r"\textdoublepipe": "ǁ", r"\textdoublebarpipe": "ǂ",
    r"\textbabygamma": "ɤ", r"\textschwa": "ə", r"\texthalflength": "ˑ", r"\textlengthmark": "ː",
    r"\textraiseglotstop": "ˀ", r"\textcorner": "˺", r"\textopencorner": "˹", r"\textlptr": "˂", r"\textrptr": "˃",
    r"\textupstep": "ꜛ", r"\textdownstep": "ꜜ", r"\textprimstress": "ˈ", r"\textsecstress": "ˌ", r"\textwynn": "ƿ",
    r"\textthorn": "þ", r"\textrevapostrophe": "ʽ", r"\textturnt": "ʇ", r"\textstretchc": "ʗ", r"\textbullseye": "ʘ",
    r"\textctd": "ȡ", r"\textctt": "ȶ", r"\textctn": "ȵ", r"\textcrtwo": "ƻ", r"\textcrlambda": "ƛ",
    r"\textturnk": "ʞ", r"\textvibyi": "ʅ", r"\textvibyy": "", r"\textscu": "ᴜ", r"\textsce": "ᴇ", r"\textscj": "ᴊ",
    r"\textsca": "ᴀ", r"\textscoelig": "ɶ", r"\textcommatailz": "ʒ̦", r"\textlhtlongi": "ɿ", r"\textlhtlongy": "ʮ",
    r"\textlonglegr": "ɼ", r"\textturnlonglegr": "ɺ", r"\textcloseomega": "ɷ", r"\textctesh": "ʆ",
    r"\textctyogh": "ʓ", r"\textcrinvglotstop": "ƾ", r"\textinvglotstop": "ʖ", r"\texthvlig": "ƕ",
    r"\texthtbardotlessj": "ʄ", r"\textesh": "ʃ", r"\textyogh": "ʒ", r"\textctj": "ʝ",
    # marvosym
    r"\Ankh": "☥", r"\Aquarius": "♒", r"\Aries": "♈", r"\Bat": "", r"\Cancer": "♋", r"\Capricorn": "♑",
    r"\Celtcross": "", r"\CircledA": "Ⓐ", r"\Cross": "✝", r"\Denarius": "", r"\Earth": "♁", r"\Ecommerce": "",
    r"\Email": "", r"\Emailct": "", r"\EUR": "€", r"\EURcr": "€", r"\EURdig": "€", r"\EURhv": "€", r"\EURtm": "€",
    r"\EyesDollar": "", r"\fax": "", r"\FAX": "", r"\Faxmachine": "", r"\Frowny": "☹", r"\Gemini": "♊",
    r"\Heart": "♡", r"\Jupiter": "♃", r"\Leo": "♌", r"\Letter": "✉", r"\Libra": "♎", r"\Lightning": "↯",
    r"\Mars": "♂", r"\Mercury": "☿", r"\Mobilefone": "📱", r"\Moon": "☾", r"\Mundus": "🌍", r"\MVAt": "@",
    r"\MVRightarrow": "➡", r"\Neptune": "♆", r"\Pfund": "₶", r"\Pickup": "⌕", r"\Pisces": "♓", r"\Pluto": "♇",
    r"\Sagittarius": "♐", r"\Saturn": "♄", r"\Scorpio": "♏", r"\Shilling": "", r"\Smiley": "☺", r"\Sun": "☉",
    r"\Taurus": "♉", r"\Telefon": "☎", r"\Uranus": "♅", r"\Venus": "♀", r"\Virgo": "♍", r"\Yinyang": "☯",
    # wasysym
    r"\aquarius": "♒", r"\aries": "♈", r"\ascnode": "☊", r"\descnode": "☋", r"\ataribox": "", r"\bell": "🔔",
    r"\Bowtie": "⋈", r"\Box": "□", r"\brokenvert": "¦", r"\checked": "✓", r"\CheckedBox": "☑", r"\conjunction": "☌",
    r"\opposition": "☍", r"\fullmoon": "○", r"\newmoon": "●", r"\kreuz": "✠", r"\LEFTarrow": "◀", r"\RIGHTarrow": "▶",
    r"\UParrow": "▲", r"\DOWNarrow": "▼", r"\mars": "♂", r"\ocircle": "○", r"\permil": "‰", r"\phone": "☎",
    r"\recorder": "⌕", r"\Square": "□", r"\venus": "♀", r"\vernal": "♈", r"\XBox": "☒", r"\female": "♀",
    r"\male": "♂", r"\lhd": "⊲", r"\rhd": "⊳", r"\unlhd": "⊴", r"\unrhd": "⊵", r"\LHD": "◀", r"\RHD": "▶",
    r"\triangleleft": "◁", r"\triangleright": "▷", r"\vartriangleleft": "⊲", r"\vartriangleright": "⊳",
    r"\blacktriangleleft": "◀", r"\blacktriangleright": "▶", r"\trianglelefteq": "⊴", r"\trianglerighteq": "⊵",
    r"\leftmoon": "☾", r"\rightmoon": "☽", r"\earth": "♁", r"\uranus": "⛢", r"\mercury": "☿", r"\diameter": "⌀",
    r"\invdiameter": "⍉", r"\pointer": "⇨", r"\wasylozenge": "⌑", r"\clock": "🕐", r"\smiley": "☺",
    r"\blacksmiley": "☻", r"\frownie": "☹", r"\sun": "☼", r"\astrosun": "☉", r"\pluto": "♇", r"\cent": "¢",
    r"\currency": "¤", r"\capricornus": "♑", r"\cancer": "♋", r"\gemini": "♊", r"\leo": "♌", r"\libra": "♎",
    r"\pisces": "♓", r"\sagittarius": "♐", r"\scorpio": "♏", r"\taurus": "♉", r"\virgo": "♍", r"\jupiter": "♃",
    r"\saturn": "♄", r"\neptune": "♆",
}  # fmt: skip


def character_of(symbol: Symbol) -> str:
    """The Unicode character of a command, or a few that show the symbol together; "" if there is none."""
    return unicodedata.normalize("NFC", _find_character(symbol))


def _find_character(symbol: Symbol) -> str:
    if symbol.command in CHARACTERS:
        return CHARACTERS[symbol.command]
    if found := re.fullmatch(r"\\(\w+)\{(\w)\}", symbol.command):
        return _letter(found[1], found[2])
    name = symbol.command.removeprefix("\\")
    if greek := _greek(name):
        return greek
    tables = _unicode_math(), _hyperref()
    return next((table[each] for table in tables for each in (name, f"text{name}") if each in table), "")


def _letter(alphabet: str, letter: str) -> str:
    style = ALPHABETS[alphabet]
    case = "DIGIT" if letter.isdigit() else "CAPITAL" if letter.isupper() else "SMALL"
    spoken = "ONE" if letter == "1" else letter.upper()
    found = HOLES[style].get(letter) or unicodedata.lookup(f"MATHEMATICAL {style} {case} {spoken}")
    return found + {"mathcal": CHANCERY, "mathscr": ROUNDHAND}.get(alphabet, "")


def _greek(name: str) -> str:
    """The Greek letter of a name like alpha, Gamma, upalpha or Upgamma; "" if it is none."""
    if name in GREEK:
        return GREEK[name]
    upright = re.fullmatch(r"([uU])p(\w{2,})", name)
    if upright and upright[2] not in ("silon", "downarrow", "arrow"):
        name = upright[2].capitalize() if upright[1] == "U" else upright[2]
        if name in GREEK:
            return GREEK[name]
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return (
            unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}")
            if name.lower() == name[0].lower() + name[1:]
            else ""
        )
    except KeyError:
        return ""


@cache
def _unicode_math() -> dict[str, str]:
    text = find_tex_file("unicode-math-table.tex").read_text("utf-8")
    return {name: chr(int(code, 16)) for code, name in re.findall(r'Symbol\{"([0-9A-F]+)\}\{\\(\w+)\s*\}', text)}


@cache
def descriptions() -> dict[str, str]:
    """What unicode-math says about each character, without its remarks on classes."""
    text = find_tex_file("unicode-math-table.tex").read_text("utf-8")
    rows = re.findall(r'Symbol\{"([0-9A-F]+)\}\{\\\w+\s*\}\{\\\w+\}\{([^}]*)\}', text)
    return {chr(int(code, 16)): re.sub(r"^/\S+ ?|,? ?\b[a-z]: *$", "", said).strip(" -,") for code, said in rows}


@cache
def _hyperref() -> dict[str, str]:
    text = find_tex_file("puenc.def").read_text("latin-1")
    pattern = r"\\DeclareTextCommand\{\\(\w+)\}\{PU\}\{[^%\n]*%\*? ?((?:U\+[0-9A-F]+ ?)+)"
    return {
        name: "".join(chr(int(code[2:], 16)) for code in codes.split()) for name, codes in re.findall(pattern, text)
    }
