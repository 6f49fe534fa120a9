"""What a condition is called when it is told to a person, in plain Dutch and in English."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in plain Dutch and in English."""

    nl: str
    en: str


_CONDITIONS: Mapping[str, Words] = MappingProxyType(
    {
        "bron_bevestigd": Words(
            "de bronhouder bevestigt het antwoord",
            "the source holder confirms the answer",
        ),
        "meldcode_stappen_doorlopen": Words(
            "u hebt de stappen van de meldcode gezet",
            "you have taken the steps of the reporting code",
        ),
        "maatregel_voorgenomen": Words(
            "er is een maatregel die u van plan bent op te leggen",
            "there is a sanction that you intend to impose",
        ),
        "uitbetaling_akkoord": Words(
            "de uitbetaling is akkoord",
            "the payment was agreed to",
        ),
        "uitleg_begrijpelijke_taal": Words(
            "u hebt het de inwoner in begrijpelijke taal uitgelegd",
            "you have explained it to the person in plain language",
        ),
        "hulpvraag_van_burger": Words(
            "de inwoner heeft zelf om hulp gevraagd",
            "the person asked for help",
        ),
        "gesprek_geprobeerd": Words(
            "u hebt eerst een gesprek met de inwoner geprobeerd",
            "you have tried to talk with the person first",
        ),
        "melding_ontvangen": Words(
            "er is een melding over deze inwoner binnengekomen",
            "a report about this person was received",
        ),
        "ernst": Words(
            "u noemt hoe ernstig het is: ernstige overlast, zorgmijding of ernstig nadeel",
            "you state how serious it is: serious nuisance, care avoidance or serious harm",
        ),
        "persoonlijk_contact_gezocht": Words(
            "de verhuurder heeft zelf contact met de inwoner gezocht",
            "the landlord has sought contact with the tenant",
        ),
        "gewezen_op_schuldhulp": Words(
            "de verhuurder heeft op hulp bij schulden gewezen",
            "the landlord has pointed to help with debts",
        ),
        "schriftelijke_herinnering": Words(
            "de verhuurder heeft een herinnering gestuurd",
            "the landlord has sent a written reminder",
        ),
        "aanbod_gegevens_delen_geen_afwijzing": Words(
            "de inwoner heeft het aanbod om gegevens te delen niet afgewezen",
            "the tenant has not refused the offer to share data",
        ),
        "asielstatushouder": Words(
            "de inwoner is statushouder",
            "the person holds an asylum status",
        ),
        "ontzorgen_einddatum": Words(
            "de zes maanden van ontzorgen zijn nog niet voorbij",
            "the six months of unburdening have not passed",
        ),
    }
)


def condition_words(name: str | None) -> Words:
    """Return the plain words for a condition; a name without words stands for itself."""
    spelled = (name or "").replace("_", " ")
    return _CONDITIONS.get(name or "", Words(spelled, spelled))
