# Information sur des données provenant d’ailleurs (art. 14).
mail-source-subject = D’où proviennent les données que nous avons sur vous
mail-source-preheader = { $controller } vous indique d’où proviennent des données vous concernant, à quoi elles servent et quels sont vos droits.
mail-source-intro = { $controller } traite des données à caractère personnel vous concernant que vous ne nous avez pas fournies vous-même. La loi nous oblige à vous en informer (art. 14 du RGPD). Vous n’avez rien à faire.
mail-source-from = Origine des données
mail-source-public = Cette source est accessible au public.
mail-source-not-public = Cette source n’est pas accessible au public.
mail-source-how = Pour exercer vos droits, il suffit d’un message à l’adresse indiquée ci-dessous. Cela ne vous coûte rien.
mail-source-notice = Nos informations sur la protection des données :
mail-source-page = Votre page personnelle, où vous pouvez consulter et retirer vos consentements :
mail-source-footer = Vous recevez cet e-mail parce que la loi nous oblige à vous informer. Il ne contient ni publicité ni traceur.
