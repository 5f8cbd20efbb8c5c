# Informacja o danych pochodzących z innych źródeł (art. 14).
mail-source-subject = Skąd mamy dane o Tobie
mail-source-preheader = { $controller } informuje, skąd pochodzą dane o Tobie, do czego są wykorzystywane i jakie masz prawa.
mail-source-intro = { $controller } przetwarza Twoje dane osobowe, których nie otrzymaliśmy od Ciebie. Prawo zobowiązuje nas, aby Cię o tym poinformować (art. 14 RODO). Nie musisz nic robić.
mail-source-from = Skąd pochodzą dane
mail-source-public = To źródło jest publicznie dostępne.
mail-source-not-public = To źródło nie jest publicznie dostępne.
mail-source-how = Aby skorzystać ze swoich praw, wystarczy wysłać wiadomość na adres podany poniżej. Nic to nie kosztuje.
mail-source-notice = Nasza informacja o ochronie danych:
mail-source-page = Twoja strona, na której możesz zobaczyć i wycofać swoje zgody:
mail-source-footer = Otrzymujesz tę wiadomość, ponieważ prawo zobowiązuje nas, aby Cię poinformować. Nie zawiera reklam ani śledzenia.
