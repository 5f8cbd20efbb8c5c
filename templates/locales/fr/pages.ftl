page-language = Langue
page-close = Vous pouvez maintenant fermer cette page.

page-controller = Responsable du traitement
page-purpose = Finalité
page-wording = Texte du consentement
page-regulation = En savoir plus

# La question.
page-confirm-title = Donnez-vous votre accord ?
page-confirm-lead = { $controller } vous demande votre consentement. Veuillez lire le texte et donner votre réponse.
page-voluntary = Votre réponse est libre : un refus n’entraîne aucun désavantage pour vous.
page-withdraw = Si vous acceptez, vous pourrez retirer votre consentement à tout moment pour l’avenir.
page-tick = J’accepte : « { $content } » ({ $controller }), dans les termes ci-dessus, version { $version }.
page-tick-missing = Veuillez cocher la case si vous acceptez. Sinon, choisissez « Je refuse ».
page-agree = J’accepte
page-disagree = Je refuse
page-valid-until = Vous pouvez répondre ici jusqu’au { $date }.

# Après la réponse.
page-granted-title = Merci, votre consentement est enregistré
page-granted-lead = Vous avez donné votre consentement : « { $content } » ({ $controller }).
page-granted-withdraw = Vous pouvez retirer votre consentement à tout moment pour l’avenir. Un message à l’adresse ci-dessous suffit.
page-refused-title = Votre réponse est enregistrée
page-refused-lead = Vous n’avez pas donné votre consentement : « { $content } » ({ $controller }). Vos données ne seront pas utilisées à cette fin.
page-refused-later = Cela n’entraîne aucun désavantage pour vous, et nous ne vous solliciterons plus sans nouvelle demande.

# Liens inconnus, expirés ou étrangers, sans distinction.
page-invalid-title = Ce lien n’est pas valable
page-invalid-lead = Il a peut-être expiré, été remplacé par un lien plus récent ou été copié de façon incomplète. Rien n’a été modifié.
page-invalid-next = Veuillez rouvrir le lien figurant dans l’e-mail le plus récent. Si cela ne suffit pas, contactez-nous.

page-trouble-title = Nous ne pouvons pas répondre pour le moment
page-trouble-lead = Nous rencontrons une difficulté passagère. Rien n’est perdu et votre lien reste valable.
page-trouble-next = Veuillez réessayer dans quelques minutes. Si vous venez de répondre, rouvrez le lien figurant dans l’e-mail : la page indique si votre réponse nous est parvenue.

page-home-title = Rescind fonctionne
page-home-lead = Ce service traite les demandes relatives à la protection des données. Pour répondre à l’une d’elles, veuillez utiliser le lien personnel figurant dans l’e-mail que vous avez reçu.

# La page personnelle de la personne concernée.
page-granted-preferences = Vous pouvez retirer votre consentement à tout moment pour l’avenir : sur votre propre page, en deux clics.
page-preferences-title = Vos consentements
page-preferences-lead = Vous voyez ici ce à quoi vous avez consenti auprès de { $controller }. Vous pouvez le retirer à tout moment.
page-preferences-done = Votre choix est enregistré et prend effet immédiatement.
page-preferences-nothing = Pour l’instant, rien ici ne nécessite votre consentement.
page-preferences-personal = Cette adresse est personnelle et reste valable. Qui la possède peut voir les choix ci-dessus et retirer un consentement, mais n’apprend ni votre nom ni votre adresse.
page-state-granted = Vous avez donné votre consentement, depuis le { $date }.
page-state-ends = Le consentement prend fin de lui-même le { $date }.
page-state-unconfirmed = Vous avez consenti le { $date }. Cela ne compte que lorsque vous l’aurez confirmé de nouveau.
page-state-none = Vous n’y avez pas consenti.
page-state-requested = La question vous a été posée le { $date } ; vous n’avez pas encore répondu.
page-state-refused = Vous n’avez pas consenti ({ $date }).
page-state-withdrawn = Vous avez retiré votre consentement le { $date }.
page-state-expired = Votre consentement a pris fin le { $date }.
page-state-customer = Vous avez acheté chez nous le { $date }, sans opposition de votre part : nous pouvons vous parler de nos propres produits ou services analogues.
page-state-objected = Votre opposition date du { $date }. Nous ne vous écrivons pas à ce sujet.
page-similar-to = Analogues à ce que vous avez acheté : { $what }.
page-wording-agreed = Ce à quoi vous avez consenti
page-withdraw-one = Retirer : { $purpose }
page-withdraw-all = Tout retirer
page-withdraw-title = Retirer votre consentement ?
page-withdraw-lead = Vous allez dire à { $controller } que vos données ne peuvent plus être utilisées pour :
page-withdraw-effect = Cela prend effet immédiatement. Ce qui a été fait jusqu’ici reste licite. Vous ne subissez aucun désavantage et pouvez consentir à nouveau quand vous le souhaitez.
page-withdraw-yes = Oui, retirer
page-withdraw-no = Retour, ne rien changer
page-stop-one = Arrêter : { $purpose }
page-stop-title = Y mettre fin ?
page-stop-effect = Cela prend effet immédiatement et définitivement : aucun achat ultérieur n’y change rien. Vous ne subissez aucun désavantage.
page-stop-yes = Oui, arrêter

# Consentir et rectifier, après un code reçu par e-mail.
page-change-title = Consentir, rectifier des données
page-change-lead = Pour l’un comme pour l’autre, nous envoyons un code à votre adresse e-mail, afin que personne ne puisse le faire à votre place.
page-change-link = Consentir ou rectifier des données
page-back = Retour à vos consentements
page-unlock-title = D’abord, un code par e-mail
page-unlock-lead = Pour consentir ou rectifier vos données, il vous faut un code. Nous l’envoyons à l’adresse e-mail que nous connaissons de vous. Ainsi, personne ne peut le faire à votre place, même si cette page a été transmise.
page-unlock-send = M’envoyer le code
page-unlock-sent = Nous vous avons envoyé un e-mail contenant un code à huit chiffres. Il est valable { $minutes } minutes.
page-unlock-code = Code
page-unlock-go = Continuer
page-unlock-again = Envoyer un nouveau code
page-unlock-wrong = Ce code n’est pas exact ou n’est plus valable. Veuillez le vérifier ou en demander un nouveau.
page-unlock-many = Trop d’e-mails ont été demandés pour cette adresse. Veuillez réessayer demain. Vous pouvez retirer un consentement à tout moment, sans code.
page-unlock-unreachable = Nous ne connaissons aucune adresse e-mail permettant de vous joindre. Veuillez écrire à l’adresse ci-dessous.
page-unlock-closed = Vos données font actuellement l’objet d’une limitation et ne peuvent pas être modifiées. Vous pouvez néanmoins retirer un consentement.
page-unlock-stale = Le délai pour les modifications est écoulé. Veuillez demander un nouveau code.
page-edit-offers = Ce à quoi vous pouvez consentir
page-edit-no-offers = Pour l’instant, il n’y a rien d’autre à quoi vous pourriez consentir.
page-edit-fields = Vos données
page-edit-empty = Laissez un champ vide pour effacer la valeur.
page-edit-save = Enregistrer
page-tick-only = Veuillez cocher la case si vous êtes d’accord.
page-field-wrong = Veuillez vérifier cette valeur.

# L’information sur la protection des données.
page-privacy-title = Protection des données
page-privacy-officer = Délégué à la protection des données
page-privacy-purposes = Pourquoi nous utilisons des données personnelles
page-privacy-data = Quelles données
page-privacy-interests = Nos intérêts légitimes
page-privacy-period = Combien de temps
page-privacy-period-default = Aussi longtemps que cette finalité l’exige et que la loi le demande.
page-privacy-marketing = Il s’agit de prospection. Vous pouvez vous y opposer à tout moment, sans donner de raisons ; nous cessons alors immédiatement.
page-privacy-recipients = Qui reçoit des données
page-privacy-transfers = Transferts hors de l’Espace économique européen
page-privacy-origins = D’où viennent les données
page-privacy-rights = Vos droits
page-privacy-authority = Autorité de contrôle
page-privacy-not-providing = Si des données ne sont pas fournies
page-privacy-automated = Décisions automatisées
page-privacy-automated-none = Il n’y a pas de décision fondée exclusivement sur un traitement automatisé, y compris le profilage, qui produise des effets juridiques ou d’importance comparable (art. 22 RGPD).
page-basis-consent = Cela repose sur votre consentement (art. 6, par. 1, a) RGPD).
page-basis-contract = C’est nécessaire à un contrat avec vous ou à sa préparation à votre demande (art. 6, par. 1, b) RGPD).
page-basis-legal-obligation = Une loi nous y oblige (art. 6, par. 1, c) RGPD).
page-basis-vital-interests = Cela protège des intérêts vitaux (art. 6, par. 1, d) RGPD).
page-basis-public-task = C’est nécessaire à une mission d’intérêt public (art. 6, par. 1, e) RGPD).
page-basis-legitimate-interest = Cela repose sur des intérêts légitimes (art. 6, par. 1, f) RGPD).
page-basis-soft-opt-in = Vous nous avez donné vos coordonnées lors d’un achat et pouvez vous opposer à tout moment : nous vous parlons de nos propres produits ou services analogues (art. 13, par. 2, de la directive 2002/58/CE).
page-basis-special = Les données particulièrement protégées ne sont utilisées qu’avec votre consentement explicite (art. 9, par. 2, a) RGPD).
page-right-access = Accès : savoir si et quelles données vous concernant nous traitons, et en obtenir une copie (art. 15 RGPD).
page-right-rectification = Rectification : faire corriger des données inexactes et compléter des données incomplètes (art. 16 RGPD).
page-right-erasure = Effacement : faire effacer des données s’il n’y a plus de raison de les conserver (art. 17 RGPD).
page-right-restriction = Limitation : faire conserver des données sans les utiliser, par exemple pendant que leur exactitude est vérifiée (art. 18 RGPD).
page-right-portability = Portabilité : recevoir les données que vous nous avez fournies sous une forme lisible par machine, ou les faire transmettre (art. 20 RGPD).
page-right-object = Opposition : vous opposer à tout moment, pour des raisons tenant à votre situation particulière, à un traitement fondé sur des intérêts légitimes ou une mission publique, et sans aucune raison à la prospection (art. 21 RGPD).
page-right-withdraw = Retrait : retirer un consentement à tout moment. Ce qui a été fait auparavant reste licite (art. 7, par. 3 RGPD).
page-right-complain = Réclamation : saisir une autorité de contrôle, notamment là où vous vivez ou travaillez, ou là où la violation a eu lieu (art. 77 RGPD).
page-right-how = Un message à l’adresse ci-dessus suffit. Cela ne vous coûte rien.

# Un formulaire de consentement.
page-form-lead = { $controller } vous demande votre consentement. Veuillez répondre à chaque question ; les deux réponses se valent.
page-form-stale = Cette page est restée ouverte trop longtemps. Veuillez vérifier vos réponses et les envoyer à nouveau.
page-form-many = Trop de demandes ont été faites en peu de temps. Veuillez réessayer plus tard.
page-form-answer-missing = Veuillez choisir l’une des deux réponses.
page-form-email = Adresse e-mail
page-form-email-hint = Nous vous envoyons un e-mail dans lequel vous confirmez ce à quoi vous avez consenti.
page-form-email-wrong = Veuillez saisir une adresse e-mail, comme ana@example.org.
page-form-terms = J’accepte : { $content }, version { $version }
page-form-terms-missing = Veuillez accepter les conditions ou quitter cette page.
page-form-send = Envoyer les réponses
page-form-sent-title = Merci de vos réponses
page-form-sent-lead = S’il y a quelque chose à confirmer, un e-mail est en route vers l’adresse indiquée. Ce à quoi vous avez consenti ne compte que lorsque vous l’y confirmez.
page-form-sent-next = Si rien n’arrive, vérifiez l’adresse et le dossier des courriers indésirables, ou réessayez demain.
page-form-none = Vous n’avez consenti à rien ; rien n’a donc été enregistré et aucun e-mail n’est envoyé.

# Thèmes.
page-topic-left = { $topic } : vous avez quitté ce thème le { $date }.
page-topic-leave = Quitter : { $topic }
page-topic-title = Quitter ce thème ?
page-topic-lead = Désormais, { $controller } ne vous envoie plus rien sur : { $topic }.
page-topic-stays = Votre consentement à « { $purpose } » reste inchangé.
page-topic-yes = Oui, quitter
page-topics-left = Thèmes que vous avez quittés
page-topic-choose = Choisir à nouveau : { $topic } ({ $purpose })

page-email-title = Confirmez votre nouvelle adresse e-mail
page-email-lead = Désormais, les e-mails de { $controller } arrivent à l’adresse où vous avez reçu ce lien.
page-email-yes = Oui, c’est mon adresse
page-email-done-title = Votre adresse est modifiée
page-email-done-lead = Les e-mails de { $controller } arrivent maintenant à votre nouvelle adresse. Les consentements confirmés à l’ancienne doivent être confirmés de nouveau avant de servir à des envois.
page-email-taken = Cette adresse ne peut pas être reprise ici, car elle appartient déjà à une autre personne. Veuillez écrire à l’adresse ci-dessous.
page-edit-email = Adresse e-mail
page-edit-email-now = Actuellement : { $address }
page-edit-email-new = Nouvelle adresse e-mail
page-edit-email-send = Envoyer un lien à la nouvelle adresse
page-edit-email-sent = Nous avons envoyé un lien à la nouvelle adresse. La modification compte dès que vous l’aurez ouvert et confirmé.
page-edit-email-hint = Tant que vous n’avez pas ouvert le lien que nous y envoyons et confirmé, tout reste comme avant.
