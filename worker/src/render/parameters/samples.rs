//! The invented controller and wording that all samples show, in every locale.

use super::ControllerBlock;

/// What a sample shows in one locale.
pub(super) struct Sample {
    pub(super) purpose: &'static str,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) requested_at: &'static str,
    pub(super) expires_at: &'static str,
}

/// The invented controller.
pub(super) fn controller() -> ControllerBlock {
    ControllerBlock {
        name: "Harbour Books".to_owned(),
        address: "Hafenstraße 12\n20457 Hamburg".to_owned(),
        email: "privacy@harbour.example".to_owned(),
        phone: Some("+49 40 5550 123".to_owned()),
        privacy_url: Some("https://harbour.example/privacy".to_owned()),
    }
}

/// The invented wording, written in `locale`; English for any other.
pub(super) fn of(locale: &str) -> Sample {
    match locale {
        "de" => Sample {
            purpose: "Newsletter",
            title: "Monatlicher Newsletter",
            text: "Harbour Books darf mir einmal im Monat eine E-Mail mit Neuerscheinungen, Lesungen und Angeboten aus \
                   der Buchhandlung senden und dafür meine E-Mail-Adresse und meinen Namen verwenden.\n\n\
                   Die Daten werden nicht an Dritte weitergegeben und gelöscht, sobald ich meine Einwilligung widerrufe.",
            requested_at: "1. November 2026",
            expires_at: "30. November 2026",
        },
        "fr" => Sample {
            purpose: "Lettre d’information",
            title: "Lettre d’information mensuelle",
            text: "Harbour Books peut m’envoyer une fois par mois un e-mail présentant les nouveautés, les lectures et \
                   les offres de la librairie, et utiliser à cette fin mon adresse e-mail et mon nom.\n\n\
                   Ces données ne sont pas transmises à des tiers et sont effacées dès que je retire mon consentement.",
            requested_at: "1er novembre 2026",
            expires_at: "30 novembre 2026",
        },
        "pl" => Sample {
            purpose: "Newsletter",
            title: "Comiesięczny newsletter",
            text: "Harbour Books może raz w miesiącu wysyłać mi wiadomość e-mail o nowościach, spotkaniach autorskich i \
                   ofertach księgarni oraz wykorzystywać w tym celu mój adres e-mail oraz imię i nazwisko.\n\n\
                   Dane nie są przekazywane innym podmiotom i zostaną usunięte, gdy tylko wycofam zgodę.",
            requested_at: "1 listopada 2026 r.",
            expires_at: "30 listopada 2026 r.",
        },
        "bg" => Sample {
            purpose: "Бюлетин",
            title: "Месечен бюлетин",
            text: "Harbour Books може веднъж месечно да ми изпраща имейл с нови книги, четения и оферти на книжарницата \
                   и да използва за това моя имейл адрес и моето име.\n\n\
                   Данните не се предоставят на трети лица и се изтриват, щом оттегля съгласието си.",
            requested_at: "1 ноември 2026 г.",
            expires_at: "30 ноември 2026 г.",
        },
        "ru" => Sample {
            purpose: "Рассылка новостей",
            title: "Ежемесячная рассылка",
            text: "Harbour Books может раз в месяц присылать мне письмо о новинках, чтениях и предложениях книжного \
                   магазина и использовать для этого мой адрес электронной почты и моё имя.\n\n\
                   Данные не передаются третьим лицам и удаляются, как только я отзову согласие.",
            requested_at: "1 ноября 2026 г.",
            expires_at: "30 ноября 2026 г.",
        },
        "uk" => Sample {
            purpose: "Розсилка новин",
            title: "Щомісячна розсилка",
            text: "Harbour Books може раз на місяць надсилати мені лист про новинки, читання та пропозиції книгарні й \
                   використовувати для цього мою адресу електронної пошти та моє ім’я.\n\n\
                   Дані не передаються третім особам і видаляються, щойно я відкличу згоду.",
            requested_at: "1 листопада 2026 р.",
            expires_at: "30 листопада 2026 р.",
        },
        _ => Sample {
            purpose: "Newsletter",
            title: "Monthly newsletter",
            text: "Harbour Books may send me one email a month about new books, readings and offers of the shop, and may \
                   use my email address and my name to do so.\n\n\
                   The data are not passed on to anyone and are erased as soon as I withdraw my consent.",
            requested_at: "1 November 2026",
            expires_at: "30 November 2026",
        },
    }
}
