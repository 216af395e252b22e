"""Subjects of automatic replies in further languages: their words are not read."""

from content.inbound_mail.wording.base import Wording

FURTHER = Wording(
    subject=r"""
        automaattinen vastaus | poissa(?:olo)?\b | lomavastaus | automaticka (?:odpoved|odpoveď)
        nepritomnost | mimo kancelar
        otomatik yan[ıi]t | ofis d[ıi]s[ıi] | automatikus valasz | hazon kivul | raspuns automat | automatski odgovor
        samodejni odgovor | automatinis atsakymas | automatiska atbilde | automaatvastus | sjalfvirkt svar
        αυτοματη απαντηση | εκτος γραφειου | автоматичен отговор | автоматски одговор | רד אוטומטי
        מענה אוטומטי | رد تلقائي
        자동 (?:회신|응답) | 부재 중 | tra loi tu đong | balasan otomatis | jawapan automatik | ตอบกลับอัตโนมัติ
    """,
    declared="",
    being="",
    away="",
    usual="",
    personal="",
    until="",
    back="",
    not_yet="",
    weekdays="",
    tomorrow="",
)
