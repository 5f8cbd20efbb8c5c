# Réponses aux demandes de la personne concernée.
mail-restricted-subject = L’utilisation de vos données est limitée
mail-restricted-intro = Comme vous l’avez demandé, le traitement de vos données est limité depuis le { $date } (art. 18 du RGPD).
mail-restricted-means = Jusqu’à nouvel ordre, nous ne faisons que conserver vos données. Nous ne les modifions ni ne les utilisons, et ne vous envoyons rien d’autre que des réponses à vos propres demandes. Vous pouvez à tout moment retirer un consentement, vous opposer et formuler des demandes. Nous vous informerons avant la fin de la limitation.
mail-ending-subject = La limitation de vos données prend fin
mail-ending-intro = La limitation du traitement de vos données prend fin (art. 18 du RGPD). Nous vous en informons au préalable : après cet e-mail, nous pourrons à nouveau traiter vos données dans la mesure permise par la loi.
mail-ending-upheld = Votre opposition est acceptée : vos données ne seront plus utilisées pour ce à quoi vous vous êtes opposé(e).
mail-ending-overridden = Nous avons examiné votre opposition. Des motifs légitimes et impérieux prévalent sur vos intérêts ; le traitement se poursuit donc.
mail-ending-rights = Si vous n’êtes pas d’accord, vous pouvez introduire une réclamation auprès d’une autorité de protection des données ou saisir un tribunal. Pour toute question, écrivez à l’adresse ci-dessous.
mail-rights-footer = Vous recevez cet e-mail parce qu’il répond à l’une de vos demandes. Il ne contient ni publicité ni dispositif de suivi.
