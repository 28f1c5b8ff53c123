"""What is no English contract is told apart from what is one."""

import pytest

from interlock.tools.contracts.recognition import doubt

GERMAN = """Dienstleistungsvertrag zwischen der Muster GmbH, Berlin (nachfolgend "Auftraggeber"),
und der Beispiel AG, Hamburg (nachfolgend "Auftragnehmer"). Der Auftragnehmer erbringt die in der
Anlage beschriebenen Leistungen. Die Haftung des Auftragnehmers ist auf die im letzten Jahr
gezahlte Vergütung begrenzt. Der Vertrag verlängert sich automatisch um ein Jahr, wenn er nicht
mit einer Frist von drei Monaten gekündigt wird. Es gilt das Recht der Bundesrepublik
Deutschland."""
FRENCH = """Contrat de prestation de services entre la société Exemple SARL, ci-après le Client,
et la société Modèle SA, ci-après le Prestataire. Le Prestataire s'engage à fournir les services
décrits en annexe. La responsabilité du Prestataire est limitée aux sommes versées par le Client
pendant les douze mois précédents. Le présent contrat est régi par le droit français, et chaque
partie peut le résilier avec un préavis de trois mois."""
SPANISH = """Contrato de prestación de servicios entre Ejemplo S.L., en adelante el Cliente, y
Modelo S.A., en adelante el Proveedor. El Proveedor prestará los servicios descritos en el anexo.
La responsabilidad del Proveedor queda limitada a las cantidades pagadas por el Cliente durante
los doce meses anteriores. El presente contrato se rige por la ley española y cualquiera de las
partes podrá resolverlo."""
NOVEL = """The house stood at the end of a lane that nobody had mended since the old doctor died.
In the mornings the fog came up from the river and lay against the windows, and Anna, who had
slept badly for weeks, would stand behind the curtain and count the carts that went by to the
mill. She had never told her brother what she had seen there. He would have laughed, or worse, he
would have believed her, and then the two of them would have had to leave. So she kept quiet, and
baked the bread, and when he asked why her hands shook she said that it was the cold. At the
party in the autumn she danced with all of them, and nobody saw that she was afraid. """
POEM = """I shall go out when the light is low
and ask of the river what rivers know,
for all that was with us has gone under snow,
and none of it, none of it, comes when I call;
the hills are its only and uttermost wall."""
CODE = '''
def total(items: list[Item], *, rate: Decimal) -> Decimal:
    """Return the total of all items."""
    amount = Decimal(0)
    for item in items:
        if item.quantity <= 0:
            raise ValueError(f"quantity of {item.name} is {item.quantity}")
        amount += item.price * item.quantity * (1 + rate)
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
'''
LETTER = """This letter agreement is between Northwind Ltd and Fabrikam Inc. Northwind will host
the web site of Fabrikam for a fee of $175 per month. Either party may end it with a month of
notice."""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "too_short"),
        (" \n\t", "too_short"),
        ("This Agreement shall bind the parties.", "too_short"),
        (GERMAN, "not_english"),
        (FRENCH, "not_english"),
        (SPANISH, "not_english"),
        (CODE, "no_contract"),
        ("1.5 3.14 2.71 42 " * 100, "too_short"),
        ("lorem ipsum dolor sit amet consetetur " * 20, "not_english"),
        (NOVEL, "no_contract"),
        (NOVEL * 30, "no_contract"),
        (POEM, "no_contract"),
        ("He said that she never came home before ten. " * 400, "no_contract"),
        ("My brother told them what they could never know. " * 400, "no_contract"),
        (LETTER, None),
        (LETTER.upper(), None),
        (NOVEL + LETTER * 5, None),
    ],
)
def test_what_is_no_english_contract_is_told(text: str, code: str | None) -> None:
    """Tiny texts, other languages, program code, prose and verse are told from a plain letter
    agreement, in capitals too.
    """
    assert doubt(text) == code
