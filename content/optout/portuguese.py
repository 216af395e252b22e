"""Portuguese: what asks for no more messages, and its look-alikes, without accents (see grammar.py)."""

WHOLE_MESSAGE = (
    "parar|pare|parem|sair|sai|cancelar|cancele|cancela|chega|basta|remover|remova|excluir|descadastrar|descadastro|"
    "desinscrever|desinscricao|parar_mensagens|cancelar_inscricao|cancelar_subscricao|anular_subscricao|pare_por_favor|"
    "nao_quero_mais|quero_sair|me_remova|me_tira|sair_da_lista|me_descadastra|me_descadastre|anular|apagar|para_ja|"
    "cancelar_assinatura|chega_de_mensagens|nao_enviar_mais|parar_promocoes|desativar"
)
FILLERS = (
    "obrigado|obrigada|ola|oi|bom_dia|boa_tarde|boa_noite|favor|por_gentileza|imediatamente|gente|moco|moca|"
    "grato|grata|"
    "porra|caralho|merda|senhores|prezados|agradeco"
)
SPELLINGS = {
    "nao": "naum",
    "mensagens": "msgens|mensajens|menssagens|mgs",
    "mensagem": "menssagem",
    "descadastrar": "descadastra",
}
WORDS = {
    "PROMOS": "promocoes|promocao|ofertas|cupons|descontos|propaganda|propagandas|publicidade|anuncios|"
    "newsletter|newsletters|panfletos|catalogo|vagas|lembretes|pesquisa|pesquisas|dicas|doacoes|spam|"
    "avisos|novidades|promo|promos|oferta",
    "ESCREVA": "escreva|escrevam|escreve|mande|mandem|manda|envie|enviem|envia|ligue|liguem|liga|contate|"
    "contatem|contacte|contactem|"
    "incomode|incomodem|perturbe|perturbem|procure|procurem|chame|chamem|chateie|chateiem|insista|insistam|"
    "aborreca|importune",
    "ESCREVER": "escrever|mandar|enviar|ligar|contatar|contactar|incomodar|perturbar|chatear|procurar|mandar_me|"
    "aborrecer|"
    "enviar_me|contactar_me|ligar_me|escrever_me|incomodar_me|encher|ficar|importunar|spammar|chamar",
    "MSGS": "mensagens|mensagem|emails|email|e_mails|e_mail|sms|torpedos|propaganda|propagandas|promocoes|"
    "ofertas|newsletters|newsletter|"
    "notificacoes|avisos|spam|ligacoes|anuncios|comunicacoes|publicidade|correspondencia|whatsapps|boletins|nada|"
    "conteudo|isso|contato|contacto|chamadas|textos|informacoes",
    "ESSAS": "essas|esses|essa|esse|estas|estes|esta|este|suas|seus|sua|seu|as|os|a|o|vossas|vossos|tantas|mais|"
    "nenhum|nenhuma|tipo|de|com|todas|todos|qualquer",
    "QUERO": "quero|queremos|desejo|desejamos|pretendo|preciso|gostaria|queria|autorizo|aceito",
    "REMOVA": "remova|remove|removam|retire|retirem|tire|tirem|tira|exclua|excluam|apague|apaguem|delete|deletem|"
    "descadastre|descadastra|descadastrem|elimine|eliminem|risque|remover|retirar|tirar|excluir|apagar|eliminar|"
    "deletar|cancele",
    "REMOVAME": "remova_me|retire_me|tirem_me|apaguem_me|eliminem_me|retirem_nos|excluam_me|tire_me|remova_nos|"
    "removam_me|retirem_me|descadastre_me|elimine_me|exclua_me|apague_me",
    "LISTA": "lista|listas|base|cadastro|mailing|banco|sistema|newsletter|registos|registros|contatos|contactos|"
    "distribuicao|dados|grupo",
    "DADOS": "email|numero|nome|dados|contato|contacto|endereco|cadastro|telefone|telemovel|celular|e_mail",
    "ME": "me|nos|meu|meus|o_meu|os_meus|este|esse|minha|o_nosso",
    "SAIR": "descadastrar|sair|desinscrever|cancelar|desativar|anular|desinscrevo|descadastro",
}
OPENERS = (
    "eu|nos|voces|voce|e|mas|ou|porque|pois|se|isso|ja|nao|nunca|que|para|por|aqui|nada|nenhuma|este|esse|no|na|"
    "de|obrigado|"
    "senao|com|ou|quero|lol|kkk|a|ao|mensagens|sms|email"
)
_LOOK_ALIKES = """
responda|responder|envie|digite [com] sair|parar|stop|pare|cancelar [para] [*] [*]
nao pare|parem|deixe|deixem de
nao QUERO que .. pare|parem|tirem|remova|removam|cancelem
nao QUERO me|sair|cancelar
nao me REMOVA
nao me ESCREVA antes|hoje|amanha|no|na|agora|para|pelo
para|pare na|no|em|segunda|terca|quarta|quinta|sexta|mim|casa
sem parar
parei de
REMOVA da|do .. pedido|fatura|orcamento
para de|do pingar|chorar|nada
nao mande|mandem email|e_mail . ligue|liga|liguem
nao mande|mandem e mail . ligue|liga|liguem
nao preciso|precisamos mais de|da|do mesa|hotel|quarto|ajuda|visita|carro|um|uma
quero|preciso|queria cancelar a|o|meu|minha|um|uma academia|consulta|pedido|horario|aula|reserva|plano|compra|visita
lol para|pare|parem [com|de] [isso|isto]
nao precisa|precisam escrever|ligar|avisar|marcar antes
por que pararam|nao_mandam
nao parem|pare|para|deixem|deixe de [me|nos] enviar|mandar|escrever|avisar|lembrar
vou|vamos|devo sair as|cedo|tarde|agora|mais
vou|vamos sair do|da|de trabalho|casa|escritorio|viagem|ferias|aula
se|quando um|algum cliente|contato|contacto|assinante|usuario [nosso] [*] [*] sair|cancelar|descadastrar
"""
_STOP = """
pare|parem|deixe|deixem|parar|deixar|parasse|parassem de|com|por [me|nos] ESCREVER
pare|parem|deixe|deixem|parar de [me|nos] [ESCREVER|mandar|receber] [ESSAS] [ESSAS] MSGS
pare|parem|parar com|as|os|essas|esses [ESSAS] MSGS|isso
^ pare|parem [com] [isso] /
nao [me|nos] ESCREVA mais
nao [me|nos] ESCREVA [ESSAS] [ESSAS] MSGS
nao me|nos ESCREVA /
nao QUERO [mais] receber|ver|saber|ter|continuar [a] [mais] [receber] [ESSAS] [ESSAS] [MSGS]
nao QUERO mais /
nao QUERO mais [ESSAS] [ESSAS] MSGS
nao QUERO [ESSAS] [ESSAS] MSGS /
nao QUERO que me|nos ESCREVA
nao QUERO [mais] [ser] contatado|contactado|contatada|contactada|contato|contacto|incomodado|incomodada
nao QUERO mais nada|contato|contacto
nao enviar|mandar|ligar|contatar|contactar|perturbe mais|me
chega|basta|cansei|farto|farta de|com [receber] [ESSAS] [ESSAS] MSGS
nada|sem|nenhuma mais MSGS
me deixe|deixem|deixa em paz
deixe|deixem me em paz
deixem em paz
me esquece|esqueca|erra
vai|vao a|pro|para merda|inferno|embora
nunca mais [me] ESCREVA|ESCREVER
prefiro|preferia nao receber|ser
nao me|nos [lhe] ESCREVA mais
nao me|nos [*] enviem|envie|mandem|mande|manda [*] [*] PROMOS|nada
nao ESCREVA mais|nada /
nao ESCREVA mais [*] PROMOS|nada
nao precisa|precisam|preciso [mais] [mais] [me] [ficar] mandar|enviar|escrever|insistir|me|mandando|escrevendo
nao e preciso [mais] mandar|enviar|escrever
nao [me|nos] voltem|volte|voltar a [me] contactar|contatar|escrever|ligar|enviar
para|pare|parem|parar d|de|com [me] ESCREVER|mandar|pedir|perguntar|insistir|bombardear|encher|isso|isto
pode|podem parar|deixar de|com [me|nos] ESCREVER|mandar|isso|isto|insistir
^ pode|podem parar $
deixem|deixe|deixar de [me|nos] receber|enviar|mandar|escrever|contactar
chega|basta|fim de|das|da [tanta] PROMOS|mensagens|emails
nem mais um|uma
nem um|uma email|mensagem a|mais
ultima mensagem|comunicacao /
nao quero|queremos|desejo [mais] [receber] [*] [*] PROMOS|sms
prefiro|preferia|preferimos nao receber|estar|ser|que
prefiro que nao me|nos
se escreverem|mandarem|ligarem de|mais|outra
vou|vamos bloquear se
nao [me] insista|insistam|insistir
mais uma|um mensagem|email|sms e
"""
_FORGET_ME = """
me|nos REMOVA [da|de|do|dessa|desta|daqui] [ESSAS] .. LISTA
me|nos REMOVA /
me|nos REMOVA daqui|disso|dessa
REMOVAME [da|de|do] .. LISTA
REMOVAME /
REMOVA me|nos da|de|do|dessa|desta .. LISTA
REMOVA me|nos /
REMOVA [o|os|todos] ME [os] [meu|meus] DADOS
pode|podem|poderia|poderiam|favor me|nos REMOVA
esqueca|esquecam meu|o_meu numero|contato
QUERO|deixar|parar [de] [me] SAIR [da|de|a|o|essa|essas|minha] [a] [LISTA|inscricao|subscricao|assinatura] /
QUERO sair|cancelar [da|dessa|desta|a|minha] .. LISTA|inscricao|subscricao|MSGS
QUERO me descadastrar|desinscrever
QUERO ser removido|removida|retirado|retirada|excluido|excluida
deixar|parar de receber
como|onde [faco|posso|eu] [para] [me] descadastrar|desinscrever|sair|descadastro|desinscrevo
como [faco|posso|eu] [para] [nao] receber mais
como [faco|posso] [para] cancelar|parar [o|a|as] [recebimento|inscricao|subscricao|envio|MSGS|isso]
cancele|cancelem|cancelar [a|minha|o|os|todas|as] [minha] inscricao|subscricao|assinatura|envio|envios|MSGS
anulem|anular|encerrem|suspendam [a|minha|o|os|todas|as] [minha] inscricao|subscricao|assinatura|envio|envios|MSGS
descadastre|descadastra|desinscreva|descadastrem [me|meu]
me REMOVA da|do|das|dessa|desta|de|daqui
^ me REMOVA /
me descadastre|descadastrem|excluam|exclua|retirem|desinscreva
QUERO sair da|desta|dessa [sua|vossa] lista
^ sair da|desta|dessa [sua|vossa] lista
^ quero sair $
me|nos esquece|esquecam|esqueca|poupe|poupem
esquecam|esqueca|esquecer meu|o_meu|me
REMOVA [*] meu|meus|minha|nosso|nossa|esse|este DADOS|dados|numero
apaguem|apague|excluam tudo que|o
excluam|exclua|bloqueiem nos|nossa|nosso|nos_das
descadastrei e|mas|ja continua|continuo|continuam|ainda|chegando
"""
_CONSENT = """
revogo|retiro|retirar|revogar [o] [meu] consentimento|autorizacao|permissao
oponho|opomos [me|nos] a|ao
me oponho a|ao
nao|nunca autorizei|consinto|autorizo|consenti [o|a|que|esse|este]
nao|nunca dei [meu|o] [meu] consentimento|permissao|autorizacao
nao tem|tenho minha|a_minha|autorizacao permissao|autorizacao
nunca autorizei|autorizamos|permiti|dei
nao autorizo|autorizei
direito de oposicao|eliminacao|apagamento|exclusao
"""
_DOUBT = """
nao tenho|temos interesse
sem interesse
nao me interessa
nao estou|estamos interessado|interessada|interessados
numero|pessoa errado|errada
foi engano
vou denunciar|bloquear|processar
"""
RULES = (
    ("none", _LOOK_ALIKES),
    ("opt_out", _STOP),
    ("opt_out", _FORGET_ME),
    ("opt_out", _CONSENT),
    ("doubtful", _DOUBT),
)
