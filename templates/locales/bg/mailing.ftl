# Mailings of apps, and the page that ends them.
mailing-footer = Получавате този имейл от { $controller } във връзка с „{ $purpose }“.
mailing-unsubscribe = Отказ от тези имейли
mailing-preferences = Всички Ваши избори
page-unsubscribe-title = Да спрем ли тези имейли?
page-unsubscribe-lead = { $controller } Ви изпраща имейли във връзка с „{ $purpose }“. Спират с едно щракване.
page-unsubscribe-button = Спиране на тези имейли
page-unsubscribe-hint = Отварянето на тази страница не е променило нищо. Поръчките Ви и отговорите на Вашите искания не са засегнати.
page-unsubscribed-title = Тези имейли са спрени
page-unsubscribed-lead = { $controller } повече няма да Ви пише във връзка с „{ $purpose }“.
page-unsubscribed-more = Това, което чакаше да бъде изпратено, вече няма да тръгне. Няма неблагоприятни последици за Вас.
