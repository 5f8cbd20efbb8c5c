# Mailings of apps, and the page that ends them.
mailing-footer = Ви отримали цей лист від { $controller } у зв’язку з метою «{ $purpose }».
mailing-unsubscribe = Відписатися від цих листів
mailing-preferences = Усі ваші налаштування
page-unsubscribe-title = Припинити ці листи?
page-unsubscribe-lead = { $controller } надсилає вам листи з метою «{ $purpose }». Щоб їх припинити, достатньо одного натискання.
page-unsubscribe-button = Припинити ці листи
page-unsubscribe-hint = Відкриття цієї сторінки нічого не змінило. Ваших замовлень і відповідей на ваші запити це не стосується.
page-unsubscribed-title = Ці листи припинено
page-unsubscribed-lead = { $controller } більше не писатиме вам з метою «{ $purpose }».
page-unsubscribed-more = Те, що чекало на надсилання, уже не буде надіслано. Для вас немає жодних негативних наслідків.
