mail-greeting = Bonjour,
mail-greeting-name = Bonjour { $name },

# La demande du double consentement.
mail-confirm-subject = Merci de confirmer : { $content }
mail-confirm-preheader = { $controller } vous demande votre consentement. Merci de répondre d’ici au { $date }.
mail-confirm-heading = Donnez-vous votre accord ?
mail-confirm-intro = Le { $date }, nous avons reçu une demande visant à enregistrer votre consentement pour cette adresse e-mail. Merci de nous indiquer si vous êtes d’accord. Rien n’est encore enregistré : seule votre propre réponse compte.
mail-confirm-ignore = Si vous n’êtes pas à l’origine de cette demande, vous n’avez rien à faire : aucun consentement n’est enregistré. Hormis un rappel au plus, nous ne vous solliciterons plus sans nouvelle demande.

# L’unique rappel.
mail-remind-subject = Rappel – merci de confirmer : { $content }
mail-remind-preheader = { $controller } attend encore votre réponse. Le lien est valable jusqu’au { $date }.
mail-remind-heading = Nous attendons votre réponse
mail-remind-intro = Le { $date }, nous avons reçu une demande visant à enregistrer votre consentement pour cette adresse e-mail, et vous n’y avez pas encore répondu. Ceci est notre seul rappel.
mail-remind-ignore = Si vous ne le souhaitez pas ou si vous n’êtes pas à l’origine de cette demande, vous n’avez rien à faire : la demande devient caduque le { $date }, aucun consentement n’est enregistré et nous ne vous solliciterons plus sans nouvelle demande.

# L’objet de la demande et le chemin vers la page.
mail-controller-label = Demande de
mail-purpose-label = Finalité
mail-wording-label = Texte du consentement
mail-document = Le document correspondant est joint à cet e-mail.
mail-answer-button = Consulter et répondre
mail-answer-hint = Si le bouton ne fonctionne pas, ouvrez cette adresse dans votre navigateur :
mail-answer-text = Pour accepter ou refuser, veuillez ouvrir cette page :
mail-refuse = Vous pouvez également refuser sur cette même page.
mail-withdraw = Si vous acceptez, vous pourrez retirer votre consentement à tout moment pour l’avenir.
mail-valid-until = Le lien est valable jusqu’au { $date }. Il est personnel : merci de ne pas transférer cet e-mail.

mail-footer = Vous recevez cet e-mail parce qu’un consentement a été demandé pour votre adresse. Il ne contient ni publicité ni dispositif de suivi.

# Le code pour la page personnelle.
mail-code-subject = Votre code pour { $controller }
mail-code-heading = Votre code
mail-code-intro = Quelqu’un, vraisemblablement vous, souhaite consentir ou rectifier des données sur votre page. Veuillez y saisir ce code :
mail-code-valid = Le code est valable { $minutes } minutes.
mail-code-ignore = Si ce n’était pas vous, vous n’avez rien à faire : sans ce code, rien n’est modifié. Ne le communiquez à personne.
mail-code-footer = Vous recevez cet e-mail parce qu’un code a été demandé sur votre page. Il ne contient ni publicité ni suivi.
mail-preferences = Vos consentements, à tout moment :

mail-address-subject = Veuillez confirmer votre nouvelle adresse e-mail
mail-address-heading = Est-ce votre nouvelle adresse ?
mail-address-intro = Quelqu’un, vraisemblablement vous, a indiqué cette adresse comme la nouvelle sur sa page auprès de { $controller }. Dès que vous la confirmez, les e-mails de { $controller } arrivent ici.
mail-address-button = Confirmer l’adresse
mail-address-link = Si le bouton ne fonctionne pas, ouvrez cette adresse :
mail-address-valid = Le lien est valable jusqu’au { $date }. Si ce n’était pas vous, vous n’avez rien à faire : rien n’est alors modifié.
mail-address-footer = Vous recevez cet e-mail parce que cette adresse a été indiquée sur une page personnelle. Il ne contient ni publicité ni suivi.
