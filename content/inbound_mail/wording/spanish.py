"""Spanish wording of automatic replies."""

from content.inbound_mail.wording.base import Wording

SPANISH = Wording(
    subject=r"""
        respuesta automatica
        (?:estoy )?fuera de (?:la )?oficina
        ausente
        ausencia
        de vacaciones
        autorespuesta
        auto-?respuesta
        estoy (?:de vacaciones|ausente)
        mensaje automatico
    """,
    declared=r"""
        (?:est[ea] es una?|esto es una?) (?:respuesta|mensaje|correo) (?:automatic|generad)
        (?:respuesta|mensaje|correo) automatic[oa]
        (?:generad|enviad)[oa] (?:de forma )?automatica
    """,
    being=r"""
        estoy | estare | me encuentro | me encontrare | estamos | estaremos
        permanecere | actualmente
    """,
    away=r"""
        fuera (?:de (?:la |mi )?oficina|del|hasta|por|de mi) | de vacaciones | ausente | de baja
        de permiso | de viaje | con permiso | de licencia | cerrad[oa]s?
    """,
    usual=r"""
        gracias por (?:su|tu|vuestro|contactar|escribir|ponerse|comunicarse)
        acceso (?:limitado|restringido)
        sin acceso
        (?:para|en caso de|si es|cualquier|asuntos?|temas?)[^.?]{0,30}urgen
        en mi ausencia
        durante (?:mi ausencia|este periodo|estos dias)
        (?:por favor|favor de|puede|pueden)[,]? (?:\w+ )?(?:contact|escrib|dirigir|dirija|comunic|llam)
        a mi (?:regreso|vuelta|retorno)
        (?:le|te|les) (?:respondere|contestare|atendere)
        respondere (?:a )?(?:su|tu)
        lo antes posible
        en cuanto (?:regrese|vuelva|pueda)
        no (?:podre|tendre acceso|estare revisando|revisare)
        (?:regreso|vuelvo|volvere|regresare|retorno)\b
    """,
    personal=r"""
        si, | claro | me interesa | no me interesa | podemos | puedes | podria | podrias | llamame | llameme
        cuanto | cuando | enviame | mandame | su oferta | tu oferta | hablamos | hablar | agenda
        de acuerdo | perfecto | estuve | estaba | ya (?:estoy|he vuelto|volvi) | baja de (?:la|su|tu) lista
        no me escriban | presupuesto | precio | quiero | prefiero | escribeme | equivocad[oa]
    """,
    until=r"""
        hasta
    """,
    back=r"""
        regreso | regresare | regresando | vuelvo | volvere | vuelta | retorno | retornare | reincorpor\w*
        de nuevo | nuevamente | disponible (?:a partir|desde|el) | incorporo | incorporare
    """,
    not_yet=r"""
        \bno\b
    """,
    weekdays="lunes martes miercoles jueves viernes sabado domingo",
    tomorrow="manana",
)
