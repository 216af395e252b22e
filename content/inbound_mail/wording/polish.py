"""Polish wording of automatic replies."""

from content.inbound_mail.wording.base import Wording

POLISH = Wording(
    subject=r"""
        (?:odpowiedz|wiadomosc) automatyczna | automatyczna (?:odpowiedz|wiadomosc) | autoodpowiedz | auto-odpowiedz
        poza biurem | nieobecnosc\w* | nieobecn[ya]\b | urlop\b | przeczytan\w+:
    """,
    declared=r"""
        (?:to|ta|niniejsza) (?:jest |wiadomosc (?:jest|zostala) )?automatyczn\w+
        (?:wiadomosc|odpowiedz) (?:zostala )?(?:wygenerowana )?automatyczn\w+
        wygenerowan\w+ automatycznie | automatyczna odpowiedz
    """,
    being="jestem | bede | obecnie | aktualnie | przebywam | nasze biuro jest",
    away=r"""
        na (?:urlopie|zwolnieniu|delegacji) | poza biurem | nieobecn[ya]\b | niedostepn[ya]\b | w delegacji
        zamkniete
    """,
    usual=r"""
        dziekuj[ęe] za (?:wiadomosc|mail|maila|kontakt|e-?mail) | w (?:sprawach|przypadku) (?:pilnych|pilnej|naglych)
        prosz[ęe] o kontakt | po (?:moim )?powrocie | podczas mojej nieobecnosci | w mojej nieobecnosci
        ograniczony dostęp | odpowiem | najszybciej
    """,
    personal=r"""
        tak | nie jestem zainteresowan\w+ | interesuje | zainteresowan\w+ | prosze zadzwonic | ile kosztuje | kiedy
        oferta
    """,
    until="do dnia | do",
    back=r"""
        wracam | wroce | powrot\w* | bede (?:ponownie |z powrotem )?(?:dostepn\w+|w biurze) | z powrotem | ponownie
    """,
    not_yet="nie | przed",
    weekdays="poniedziałek wtorek sroda czwartek piatek sobota niedziela",
    tomorrow="jutro",
    months="""
        stycznia|styczeń lutego|luty marca|marzec kwietnia|kwiecień
        maja|maj czerwca|czerwiec lipca|lipiec sierpnia|sierpień
        września|wrzesień października|październik listopada|listopad grudnia|grudzień
    """,
)
