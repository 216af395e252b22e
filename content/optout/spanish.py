"""Spanish: words and phrases that ask for no more messages, and their look-alikes, without accents (see grammar.py)."""

WHOLE_MESSAGE = (
    "alto|pare|paren|para|parar|pares|baja|basta|cancelar|cancela|cancele|cancelen|detener|detente|detenganse|"
    "desuscribir|desuscribirme|eliminar|eliminarme|borrar|borrame|quitar|quitame|salir|salirme|no_mas|dar_de_baja|"
    "cancelar_suscripcion"
)
FILLERS = (
    "favor|gracias|hola|buenas|ya|oiga|oigan|oye|oigame|senor|senora|senorita|amigo|amigos|pinche|pinches|puto|putos|"
    "puta|putas|maldito|malditos|pendejo|pendejos|cabron|cabrones|imbecil|imbeciles|idiotas|inmediatamente|por_favor|"
    "muchas_gracias|buenos_dias|buenas_tardes|buenas_noches|se_lo_agradezco"
)
SPELLINGS = {
    "favor": "porfa|porfavor|porfis|xfavor|xfa",
    "quiero": "kiero|qiero",
    "que": "q|k|ke",
    "cancele": "cansele|canzele",
    "cancelar": "canselar",
    "desuscribir": "desubscribir",
    "desuscribirme": "desubscribirme",
    "escriban": "escrivan",
    "envien": "enbien",
    "mensajes": "mensages|msjs",
    "mensaje": "msj",
    "para": "parale",
    "paren": "parenle",
}

WORDS = {
    "PROMOS": "descuentos|cupones|ofertas|promociones|publicidad|folletos|boletines|boletin|catalogo|catalogos|"
    "vacantes|empleos|recordatorios|avisos|invitaciones|encuestas|anuncios|novedades|consejos|"
    "donativos|propaganda|correos|mensajes|promos|publi",
    # Asking us not to: the subjunctive. What merely happens ("no me escriben") is said in other forms.
    "ESCRIBA": "escriba|escribas|escriban|mande|mandes|manden|envie|envies|envien|llame|llames|llamen|contacte|"
    "contactes|contacten|moleste|molestes|molesten|textee|textees|texteen|texte|textes|texten|marque|marques|marquen|"
    "hable|hables|hablen|busque|busques|busquen|fastidie|fastidien|joda|jodas|jodan|chingue|chingues|chinguen|"
    "mensajee|mensajeen|comunique|comuniquen|insista|insistas|insistan|acose|acosen|spamee|spameen",
    "LLAME": "llame|llames|llamen|marque|marques|marquen",
    "ESCRIBIR": "escribir|escribirme|escribirnos|mandar|mandarme|mandarnos|enviar|enviarme|enviarnos|llamar|llamarme|"
    "llamarnos|contactar|contactarme|contactarnos|molestar|molestarme|molestarnos|textear|textearme|marcarme|hablarme|"
    "buscarme|fastidiar|fastidiarme|joder|joderme|chingar|chingarme|acosar|acosarme|insistir|spamear|spamearme|"
    "hostigar|hostigarme|mensajear|mensajearme",
    "ESCRIBIENDO": "escribiendo|escribiendome|mandando|mandandome|enviando|enviandome|llamando|llamandome|contactando|"
    "contactandome|molestando|molestandome|texteando|insistiendo|fastidiando|jodiendo|chingando",
    "QUIERO": "quiero|deseo|quisiera|queremos|deseamos",
    "VUELVA": "vuelva|vuelvas|vuelvan|volver",
    "SIGA": "siga|sigas|sigan|seguir",
    # Asking us to end it.
    "DEJE": "deje|deja|dejes|dejen|dejad|dejar|pare|para|paren|parar|paras",
    "DEJEME": "dejame|dejenme|dejeme|dejanos|dejennos",
    "CANCELE": "cancela|cancele|cancelen|cancelar|cancelo|pare|paren|parar|detener|detenga|detengan|suspender|"
    "suspenda|suspendan|terminen|termine",
    # What is to end.
    "MENSAJES": "mensajes|mensaje|mensajitos|textos|texto|sms|correos|correo|emails|email|mails|llamadas|publicidad|"
    "propaganda|ofertas|promociones|informacion|info|spam|notificaciones|comunicaciones|nada|mas|avisos|anuncios|"
    "correspondencia|cosas",
    "TEXTOS": "mensajes|mensaje|textos|sms|correos|llamadas|envios|notificaciones|spam",
    "LOS": "los|las|el|la|mas|sus|tus|su|tu|estos|esos|este|esta|estas|ese|ningun|ninguna|ningunos|otro|otra|tantos|"
    "de|con|todos|todas",
    # Asking us to forget an address.
    "QUITAME": "borrame|borreme|borrenme|borrarme|borrennos|borrenos|quitame|quiteme|quitenme|quitarme|quitennos|"
    "eliminame|elimineme|eliminenme|eliminarme|eliminennos|sacame|saqueme|saquenme|sacarme|saquennos|remueveme|"
    "remuevame|remuevanme|removerme|retirame|retireme|retirenme|retirarme|excluyanme|excluyame|tachenme|tacheme|"
    "bajenme|bajeme",
    "QUITEN": "borre|borren|borres|quite|quiten|quites|elimine|eliminen|elimines|saque|saquen|saques|remueva|"
    "remuevan|retire|retiren",
    "QUITAR": "quitar|borrar|eliminar|sacar|remover",
    "PUEDE": "puede|pueden|puedes|podria|podrian|podrias",
    "BORRA": "borra|borre|borren|borrar|quita|quite|quiten|quitar|elimina|elimine|eliminen|eliminar|olvida|olvide|"
    "olviden|olvidense_de|olvidese_de|olvidate_de|pierda|pierdan|pierde|remueva|remuevan|saca|saquen|saque|retiren|"
    "retire",
    "LISTA": "lista|listas|base|sistema|registro|registros|contactos|grupo|directorio|envios|mailing|agenda",
    "DATOS": "numero|numero_de_telefono|telefono|celular|contacto|correo|nombre|datos|informacion|email",
    "DAR": "dar|darme|dame|deme|denme|denos|dennos|darnos|darse|me_doy|me_dan|me_dar|me_de|me_den|me_des|doy",
    "PERMISO": "permiso|consentimiento|autorizacion",
    # Look-alikes.
    "RESPONDA": "responda|responde|responder|conteste|envie|envia|escriba|texto|mande",
    "ALTO": "stop|alto|baja|cancelar|parar",
    "ESCRIBAME": "mensaje|mensajes|texto|correo|email|escribame|escribanme|escribeme|textee|texteame",
    "HOY": "hoy|manana|hasta|antes|despues|mientras|en_la_noche|de_noche|los_domingos|los_fines|en_domingo|"
    "tan_temprano|tan_tarde",
}
OPENERS = (
    "mas_mensajes|mas_textos|mas_correos|nunca|jamas|nada|otra_vez|de_nuevo|nuevamente|a_este|a_mi_numero|"
    "a_mi_celular|a_mi_telefono|al_celular|aqui|ni|"
    "yo|no|si|que|porque|pues|esto|este|estos|estas|esos|mensajes|textos|sms|correos|emails|publicidad|propaganda|"
    "ofertas|promociones|informacion|info|spam|voy|me|soy|es|y|o|lol|estoy|cosas|tantos|ninguna|ningun|por_aqui|sus|"
    "tus|mas"
)

_LOOK_ALIKES = """
RESPONDA [con] ALTO [para] [*] [de] [baja]
stop|alto|baja para|si *
no DEJE de
no QUIERO que [me|nos] DEJE|QUITEN|cancelen|den_de_baja
no me|nos|lo|la QUITEN
no me|nos ESCRIBA . mejor
no me|nos LLAME . .. ESCRIBAME
no me|nos ESCRIBA mas tarde
no se molesten|moleste
no [quiero] mas de|tarde|que
el|un|hasta|este stop
queremos|quiero|como parar el spam
por que dejaron|dejan|no mandan|mandaron|envian
si|cuando un|una|algun cliente|suscriptor|contacto|usuario [nuestro] [*] .. baja
"""
_ANOTHER_TIME = """
no me|nos ESCRIBA HOY
"""
_ANOTHER_WAY = """
no me|nos ESCRIBA por|al|a_la
"""
_NOT_AGAIN = """
no me|nos ESCRIBA /
no ESCRIBA [mas] /
no [me|nos] VUELVA a ESCRIBIR
no [me|nos] SIGA|este|estes|esten ESCRIBIENDO
no ESCRIBIR [LOS] [LOS] [MENSAJES] /
no QUIERO|necesito [recibir|ver|tener|seguir_recibiendo] [LOS] [LOS] MENSAJES /
no QUIERO recibir|recibirlos|seguir_recibiendo [LOS] [LOS] MENSAJES
no QUIERO recibir|recibirlos [esto|estos|eso] $
no QUIERO ser contactado|contactada|contactados|molestado|molestada
no QUIERO saber [mas] [nada] [mas] de
no QUIERO nada [mas] de|con ustedes|usted|ti|tu_empresa|su_empresa
no QUIERO que me|nos [sigan|siga|vuelvan_a|vuelva_a] ESCRIBA|ESCRIBIENDO|ESCRIBIR
no QUIERO que SIGA|vuelvan ESCRIBIENDO|a_escribir
^ no mas [LOS] MENSAJES
^ no mas $
no mas TEXTOS
^ ni un|una * mas
^ basta $
basta [de|con] [LOS] TEXTOS
cero|nada_de TEXTOS
no autorizo|consiento|autorice|autorizamos que|a|el|mensajes
no [le|les] doy|di|tienen|tiene [mi] PERMISO
revoco|retiro|anulo [mi|el|todo] PERMISO
no me|nos lo|la|los|las manden|envien|mande|envie|mandes|envies mas
no me|nos manden|envien|mande|envie|mandes|envies [*] [*] PROMOS
no me|nos incluya|incluyan|incluyas|incluyeran|incluyeras|metan|meta|tomen en|como
no manden|envien|mande|envie nada|mas|PROMOS
no insista|insistan|insistas
no siga|sigan|sigas con|enviando|mandando|escribiendo|insistiendo|llamando
no hace|es falta|necesario que .. sigan|siga|sigas
no quiero|deseo|queremos|necesito [*] [*] PROMOS|sms
no quiero|deseo|queremos seguir|recibir|saber
prefiero|preferiria|preferimos|prefeririamos no recibir|saber|estar
prefiero|preferiria que no me|nos
no tiene|tienen mi permiso|autorizacion|consentimiento
no autorizo|autorice|autorizamos
nunca|jamas autorice|di|autorizamos
nunca mas me|nos ESCRIBA
jamas vuelva|vuelvan|me
si vuelven|vuelve|vuelves a escribir|escribirme|llamar|mandar|contactarme
ni un|una correo|mensaje|sms|email|llamada mas
ultimo correo|mensaje|sms|email que
nada de publicidad|promociones|ofertas|anuncios|propaganda
agradeceria|agradezco|agradecere no recibir|que_no
"""
_STOP = """
DEJE [ustedes] de [estar] ESCRIBIR|ESCRIBIENDO
DEJEME de ESCRIBIR
dejar|dejo de recibir [LOS] [LOS] MENSAJES
DEJEME en paz
^ DEJEME tranquilo|tranquila|tranquilos $
que me dejen|deje en paz
QUIERO|necesito|pido que DEJE /
CANCELE [LOS] [LOS] TEXTOS
CANCELE [la|mi] suscripcion a|de estos|los|sus MENSAJES
^ CANCELE [la|mi] suscripcion $
vete|vayanse|vayase|largate|larguense|vayan a|al|de la_mierda|carajo|la_chingada|diablo|aqui|la_verga
deje|deja|dejes|dejen|dejad de bombardearme|llenarme|saturarme|darme|mandar|enviar|escribir
deje|deja|dejes|dejen|dejad de preguntar|preguntarme|insistir
basta|fin|stop de|a [los|las|tanta|tantos] PROMOS
cancelen|cancele|cancela|suspendan [el|la|los|mi|todos] [*] PROMOS|envios|suscripcion
"""
_FORGET_ME = """
QUITAME de|del aqui|ahi|esto|esta|este /
QUITAME de|del .. LISTA
^ QUITAME $
desuscribeme|desuscribame|desuscribanme|desuscribirme|desuscribirse|desuscribir
me|nos QUITEN de|del .. LISTA
me|nos PUEDE QUITAR de|del .. LISTA
me|nos PUEDE QUITAR /
BORRA [de] mi|mis|este DATOS /
BORRA [de] mi|mis|este DATOS de|del .. LISTA
DAR de baja /
DAR de baja de|del|en|a esta|este|estos|la|su|sus|tu LISTA|MENSAJES|numero
DAR de baja mi|este numero|correo
QUIERO|solicito|pido|exijo [mi|la|una] baja
QUIERO|puedo|como salir|salirme|salgo|me_salgo|salgan de|del .. LISTA
me salgo de .. LISTA
me borren|borre|quiten|quite|saquen|saque|eliminen|elimine|retiren|excluyan de|del
excluyanos|excluyannos|desapuntame|desapuntenme|desuscribanme|desuscribame
QUIERO salir|salirme de|del la|su|esta lista
^ salir|salirme de|del la|su|esta lista
olvidense|olvidese|olvidate de mi|nosotros
borren|borre|eliminen|elimine todo|todos lo|mis|los que|datos
QUITEN|BORRA este|mi|nuestro|esta|nuestra [*] DATOS|numero
tramiten|tramite|solicito|soliciten [mi|la] baja
di|dimos de_baja y|pero|hace me|siguen|sigo|siguen_llegando|siguen_llegandome
me borran|quitan|sacan|eliminan|desapuntan|desuscriben $
me borran|quitan|sacan|eliminan de|del LISTA|la|su|esta|aqui
"""
_A_PERSON_SHOULD_READ = """
no me|nos interesa /
no estoy|estamos interesado|interesada|interesados
numero|persona equivocado|equivocada
se|te equivoco|equivocaron|equivocaste de numero|persona
^ equivocado|equivocada $
^ no quiero $
^ alto|pare|paren|para $
chinga|chinguen tu|su madre
hijo|hijos de puta|perra
cancelar|cancelen|cancele [la|mi] suscripcion|membresia|servicio
voy a reportar|reportarlos|bloquear|bloquearlos|denunciar
"""

RULES = (
    ("none", _LOOK_ALIKES),
    ("doubtful", _ANOTHER_TIME),
    ("none", _ANOTHER_WAY),
    ("opt_out", _NOT_AGAIN),
    ("opt_out", _STOP),
    ("opt_out", _FORGET_ME),
    ("doubtful", _A_PERSON_SHOULD_READ),
)
