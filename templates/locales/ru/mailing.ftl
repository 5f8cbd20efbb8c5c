# Mailings of apps, and the page that ends them.
mailing-footer = Вы получили это письмо от { $controller } в связи с целью «{ $purpose }».
mailing-unsubscribe = Отписаться от этих писем
mailing-preferences = Все ваши настройки
page-unsubscribe-title = Прекратить эти письма?
page-unsubscribe-lead = { $controller } присылает вам письма с целью «{ $purpose }». Чтобы их прекратить, достаточно одного нажатия.
page-unsubscribe-button = Прекратить эти письма
page-unsubscribe-hint = Открытие этой страницы ничего не изменило. Ваших заказов и ответов на ваши запросы это не касается.
page-unsubscribed-title = Эти письма прекращены
page-unsubscribed-lead = { $controller } больше не будет писать вам с целью «{ $purpose }».
page-unsubscribed-more = То, что ожидало отправки, уже не будет отправлено. Для вас нет никаких неблагоприятных последствий.
