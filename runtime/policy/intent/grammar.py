"""Grammar: by which words English asks, forbids, states and supposes.

Every pattern is matched against words in small letters with one blank after each.
"""

import re
from typing import Final

from interlock.runtime.policy.intent.forms import listed

MARKS: Final = frozenset({",", ";", ":", "\u2014", "\u2013", "-", "(", ")"})
JOINTS: Final = frozenset({"and", "or", "but", "then", "nor", "plus"})
POLITE: Final = (
    r"(?:(?:please|kindly|pls|plz|now|then|also|just|first|second|third|next|finally"
    r"|lastly|later|after that"
    r"|afterwards|afterward|so|well|ok|okay|hi|hello|hey|thanks|again|simply|maybe"
    r"|perhaps|instead|additionally"
    r"|moreover|furthermore|once done|when done|in addition|as well|too|yes|sure|at "
    r"last|at the end|in the end|right away"
    r"|asap|today|tomorrow|tonight|for me|for us|if possible|if you can|if you like"
    r"|go ahead|go|do(?! (?:i|we|you|not)\b)"
    r"|(?!(?:reply|apply|supply|comply|multiply|rely|fly) )\w+ly) )*"
)
WISH: Final = (
    r"(?:would (?:really |very much )?(?:like|love|prefer|appreciate)|want|need|wish"
    r"|intend|plan|am asking|ask|am going|have|ought|got)"
)
LEADS: Final = tuple(
    re.compile(rf"^(?:{POLITE}){lead}{POLITE}$")
    for lead in (
        r"",
        (
            r"(?:can|could|would|will|might|may) (?:you|u|someone|somebody|anyone) (?:be "
            r"so (?:kind|good) (?:as )?to |be able to |maybe |try to |help (?:me|us) "
            r"(?:to )?)?"
        ),
        r"(?:can|could|may|might) (?:i|we) (?:ask|get|have|trouble) you to ",
        rf"(?:i|we) (?:\w+ly )?{WISH} (?:for )?(?:you |u )?to ",
        r"(?:i|we) (?:must|shall|will need to|have got to|gotta|got to) ",
        r"(?:need|want|have|would like) (?:you )?to ",
        r"we should ",
        (
            r"(?:i|we) (?:would|will) (?:be (?:\w+ly )?(?:grateful|happy|glad|thankful"
            r"|pleased|delighted)|appreciate(?: it)?) (?:very much )?if you (?:could"
            r"|would|can) "
        ),
        (
            r"you (?:should|must|need to|have to|can|may|could|might|are to|will|shall"
            r"|ought to|will need to|will have to|are asked to|are supposed to) "
        ),
        (
            r"(?:(?:note|remember|mind|(?:keep|bear) in mind|be aware) (?:that )?)?"
            r"you (?:(?:first|also|then|now|still) )?(?:must|need to|have to|should) "
        ),
        r"(?:make|be) (?:sure|certain) (?:to |that you |you )",
        (
            r"(?:remember|try|proceed|feel free|be kind enough|continue|take care|arrange"
            r"|prepare|start|begin|get ready) to "
        ),
        r"help (?:me|us) (?:to )?",
        r"let us ",
        (
            r"(?:your|my|the|our) (?:task|job|goal|plan|idea|aim|request|wish|next step"
            r"|work) (?:for you )?is (?:for you )?to "
        ),
        (
            r"(?:it is|it would be) (?:time|necessary|important|great|nice|good|best"
            r"|helpful|lovely|wonderful|kind|useful|appreciated|better) (?:for you "
            r")?(?:to |if you (?:could|would|can) )"
        ),
        r"(?:is|would) it (?:be )?possible (?:for you )?to ",
        (
            r"(?:use|go|visit|take|access|open|log|switch|return) [^?]{0,80}?(?<!how "
            r")(?<!whether )(?<!where )(?<!when )(?<!what )(?<!who )to "
        ),
        (
            r"(?:in|for|on|at|from|with|regarding|about|using|based on|according to|given"
            r"|to) (?:(?!(?:i|we|you|he|she|they|who|that|which|it|what|is|are|was|were) "
            r")\S+ ){1,8}?(?=$)"
        ),
    )
)
#: "Tell Ann to please send it" asks her
PLEASE: Final = re.compile(rf"(?:^|.* )(?<!\bto )(?:please|kindly|pls|plz) {POLITE}$")
GERUND: Final = re.compile(
    rf"^{POLITE}(?:(?:do|would|will) you mind|(?:would|do) you (?:please )?consider"
    rf"|how about|thank you for|thanks for|what about"
    r"|(?:start|begin|finish|end|go ahead|proceed)(?: by| with)?|i would (?:\w+ly "
    r")?appreciate(?: you| your)?) "
    rf"{POLITE}$"
)
BY: Final = re.compile(r"(?:^|.* )by $")
_DUE: Final = (
    r"(?:must|should|shall|ought to|needs to|need to|has to|have to|is to|are to"
    r") (?:\w+ly |also |now )?be (?:\w+ly |also )?$"
)
PASSIVE: Final = re.compile(rf".*\b{_DUE}")
#: It is only said of something, or asked: "the bills that must be", "which bills have to be"
DESCRIBING: Final = re.compile(
    rf"\b(?:(?:that|who)|(?:which|what|whose)(?: \S+){{0,2}}) {_DUE}"
)
WISHED: Final = re.compile(
    rf"^{POLITE}(?:(?:i|we) (?:\w+ly )?(?:would like|want|need|would love|would "
    rf"prefer)(?: to (?:have|get|see))?|get|have) "
    r"(?:(?!(?:was|were|is|are|that|which|who|he|she|they|i|we|you) )\S+ ){1,8}(?:to be |be )?$"
)
#: After a participle, what says that it is the past
PAST: Final = frozenset(
    [
        "from",
        "yesterday",
        "last",
        "earlier",
        "ago",
        "before",
        "recently",
        "already",
        "previously",
    ]
)
#: After "by", what says when, not who
WHEN: Final = listed(
    "monday tuesday wednesday thursday friday saturday sunday noon midnight tomorrow "
    "tonight today the then next january february march april may june july august "
    "september october november december"
)
NOT: Final = re.compile(
    r"\b(?:(?:avoid|avoiding|stop|skip|quit|cease|against)(?: \w+ing\b| $)|(?:not"
    r"|never|without|refrain|nor|neither|no|except|rather|instead of|hardly|nobody"
    r"|hold off|dare|forbidden|prohibited|wait)\b)"
)
TWICE: Final = re.compile(
    r"\b(?:(?:do|must|should|can|will|may) not (?:you )?(?:forget|hesitate|fail"
    r"|neglect|be afraid) to"
    r"|never (?:forget|fail) to|not only|no problem|whether or not|if not|why not)\b"
)
NOT_YOU: Final = re.compile(
    r"^((?:\S+ ){0,3}?(?:can|could|would|will)) (?:not you|you not) "
)
SAYING: Final = re.compile(
    r"\b(?:says|said|saying|wrote|writes|asked|asks|asking|told|tells|reads|states"
    r"|stating|stated|reading|wants|wanted|requested"
    r"|begged|demanded|demands)\b"
)
FORBIDDEN_TO: Final = re.compile(
    r"\b(?:how|whether|when|where|what|who|why|which) to $"
)
SUPPOSE: Final = listed(
    "if when whenever unless because since while as although though whether once after "
    "before until till provided assuming suppose supposing should in-case"
)
WONDER: Final = listed(
    "what who whom whose which where why how did do does is are was were has have had can "
    "could would will shall should may might am"
)
STATE: Final = listed(
    "i we you he she it they this that these those there the a an my your his her its our "
    "their some any every each all both most many no one nobody somebody someone everyone "
    "everybody anybody"
)
#: What begins what a verb is about
OBJECTS: Final = listed(
    "the a an my your his her its our their this that these those it them him me us all "
    "every each both some any to one two three four five six everyone everybody"
)

#: "Make sure" makes nothing
SURE: Final = frozenset({"sure", "certain"})
#: For whom something is to be done, in a command with a question mark: "book it for me?"
FOR_US: Final = re.compile(r"\bfor (?:me|us) ")
#: Verbs that end as "sending" does
ON_ING: Final = frozenset({"bring", "ping", "ring", "string"})
#: After a verb, where: "reply there that"; what follows shows that it is a verb
THERE: Final = frozenset({"there", "here", "back"})
#: After one of these comes a name, which asks for nothing
CALLED: Final = listed("called named titled entitled labelled labeled")
NAMED: Final = re.compile(
    r"\b(?:called|named|titled|entitled|labelled|labeled"
    r"|(?:title|subject|heading|name)(?: line)?(?: is| of)?) (?:(?:please|kindly|pls|plz) )?$"
)
#: Words of the name of a file
LONGEST_NAME: Final = 10
#: After a verb, what says that it is to be done to nothing; but not in "no more than"
NOTHING: Final = frozenset({"no", "nobody", "nothing", "none", "zero", "0"})
AT_MOST: Final = frozenset({"more", "later", "less", "fewer"})

#: The lead of a bare command, and the one of a command after what it is about: "in the file, add"
BARE: Final = LEADS[0]
PREPOSED: Final = LEADS[-1]
OPENING: Final = re.compile(rf"^{POLITE}")
PLEASED: Final = re.compile(r"\b(?:please|kindly|pls|plz)\b")
FORBIDS: Final = re.compile(
    rf"^{POLITE}(?:(?:do|must|should|can|may|will|shall)? ?(?:you |we |i )?(?:not |never |refrain "
    r"|no |(?:avoid|stop|skip|quit|cease) \w+ing )|(?:i|we) (?:would|do|will|must) not )"
)
#: What turns from what is forbidden to what is asked for
TURN: Final = re.compile(r"(?:please|instead|just|only|rather) ")
GOING_ON: Final = frozenset({"and", "or", "nor"})
#: Tokens of a statement after which a comma may begin a command, and of the longest lead
SPLICED: Final = 3
FARTHEST: Final = 20
#: A clause after which a command is only thought of: "for example, pay Bob"
MAKE_BELIEVE: Final = re.compile(
    r"(?:(?:just |only )?(?:simulate|pretend|imagine|hypothetically|for (?:example|instance)"
    r"|as an example|example|theoretically|in theory)(?: (?:this|that|it|the following))? )$"
)
#: It is paid, and is no money: "pay attention to the fee"
UNPAID: Final = re.compile(
    r"pay(?:ing)? (?:(?!for |to )\S+ ){0,3}"
    r"(?:attention|heed|homage|tribute|respects?|compliments?) "
)
#: The principal's own word is still to come: "only pay Bob if I confirm"
RESERVED: Final = re.compile(
    r"\b(?:if|when|once|after|until|unless) i (?:(?:have|also|then|first|really) )?"
    r"(?:confirm|agree|approve|allow|permit|ok|okay|say|tell|give you|sign off|answer yes)"
)
#: What follows a noun, and no verb
OF_NOUNS: Final = listed("from of in is was are were has received with says")
