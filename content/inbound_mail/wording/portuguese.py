"""Portuguese wording of automatic replies."""

from content.inbound_mail.wording.base import Wording

PORTUGUESE = Wording(
    subject=r"""
        resposta automatica
        (?:estou )?fora do escritorio
        ausencia
        ausente
        de ferias
        em ferias
        estou (?:de|em) ferias
        mensagem automatica
        aviso de ausencia
    """,
    declared=r"""
        est[ae] (?:e uma|e um) (?:resposta|mensagem|e-?mail) automatic
        (?:resposta|mensagem) automatica
        (?:gerad|enviad)[ao] automatica
    """,
    being=r"""
        estou | estarei | encontro-me | estamos | estaremos | me encontro | atualmente
    """,
    away=r"""
        fora (?:do escritorio|da empresa|ate|do pais|de) | (?:de|em|no periodo de|em gozo de) ferias
        ausente | de licenca | em licenca | em viagem | fechad[oa]s? | de folga
    """,
    usual=r"""
        obrigad[oa] (?:pel[oa]|por) (?:seu|sua|seu e-?mail|contat|contact|mensagem|e-?mail|escrever)
        agradeco (?:o |a )?(?:seu|sua|contat|contact|mensagem)
        acesso (?:limitado|restrito)
        sem acesso
        (?:em caso de|para|caso|se for|assuntos?|casos?)[^.?]{0,30}urg
        na minha ausencia
        durante (?:a minha ausencia|minha ausencia|este periodo|esse periodo)
        (?:por favor|favor|queira|pode)[,]? (?:\w+ )?(?:contat|contact|entr|escrev|procur|lig)
        no meu (?:retorno|regresso)
        quando (?:retornar|voltar|regressar)
        assim que (?:possivel|retornar|voltar|regressar)
        (?:retorno|regresso|volto|voltarei|retornarei|regressarei)\b
        responderei
        o mais breve
    """,
    personal=r"""
        sim, | claro | tenho interesse | nao tenho interesse | podemos | pode me | voce pode | ligue
        me liga | quanto | quando (?:podemos|voce|e) | me envie | sua proposta | seu orcamento | combinado
        perfeito | estive | estava | ja voltei | falar | conversar | conversamos | agendar | preco | quero
        prefiro | remov\w+ | descadastr\w* | pessoa errada
    """,
    until=r"""
        ate(?: ao| o)?
    """,
    back=r"""
        retorno | retornarei | retornando | regresso | regressarei | volto | voltarei | volta | de novo
        novamente | disponivel (?:a partir|desde|em|no)
    """,
    not_yet=r"""
        \bnao\b
    """,
    weekdays="segunda terca quarta quinta sexta sabado domingo",
    tomorrow="amanha",
)
