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
