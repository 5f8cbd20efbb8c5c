//! One mistake each, with the line and column that it must be told at.

use super::*;

const NEWS: &str = r#"[purposes.news]
title.en = "News"
basis = "consent"
[contents.news]
purpose = "news"
"#;

#[test]
fn each_mistake_is_told_at_its_place() {
    let token = "ab".repeat(32);
    let cases: &[(&str, &str)] = &[
        // sections and shapes
        ("[pruposes.a]\n", "20:2 pruposes"),
        ("[topics]\na = 1\n", "21:5 topics.a"),
        ("[topics.a]\n", "20:1 topics.a"),
        ("[topics.A]\ntitle.en = \"x\"\n", "20:9 topics.A"),
        ("[topics.a]\ntitle.en = \"x\"\ncolour = 1\n", "22:1 topics.a.colour"),
        ("[topics.a]\ntitle.xx = \"x\"\n", "21:7 topics.a.title.xx"),
        ("[topics.a]\ntitle.de = \"x\"\n", "21:1 topics.a.title"),
        ("[topics.a]\ntitle.en = \" \"\n", "21:12 topics.a.title.en"),
        ("[topics.a]\ntitle.en = \"a\\u0000b\"\n", "21:12 topics.a.title.en"),
        ("[topics]\n\"a.b c\".title.en = \"x\"\n", "21:1 topics.\"a.b c\""),
        ("[dictionaries.colours]\n", "20:15 dictionaries.colours"),
        ("[dictionaries.consent_sources]\ndefault = \"x\"\n", "21:11 dictionaries.consent_sources.default"),
        ("[data_sources.a]\ntitle.en = \"x\"\npurposes = [\"none\"]\n", "22:13 data_sources.a.purposes[0]"),
        ("[recipients.a]\ntitle = \"x\"\n", "21:9 recipients.a.title"),
        // purposes
        ("[purposes.a]\ntitle.en = \"x\"\nbasis = \"consnt\"\n", "22:9 purposes.a.basis"),
        ("[purposes.a]\ntitle.en = \"x\"\nbasis = \"legitimate_interest\"\n", "22:9 purposes.a.basis"),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nbalancing_test = \"y\"\n",
            "23:18 purposes.a.balancing_test",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nspecial_category = true\n",
            "23:20 purposes.a.special_category",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"consent\"\nallowed_by = [\"double\", \"none\"]\n",
            "23:25 purposes.a.allowed_by[1]",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nconsent_period_days = 3\n",
            "23:23 purposes.a.consent_period_days",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\ntopics = [\"t\"]\n",
            "23:11 purposes.a.topics[0]",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nmail_identity = \"other\"\n",
            "23:17 purposes.a.mail_identity",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\ndocument = \"../secret.pdf\"\n",
            "23:12 purposes.a.document",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\ncompatible_with = [\"order\", \"news\"]\n\
             [purposes.news]\ntitle.en = \"x\"\nbasis = \"consent\"\n",
            "23:29 purposes.a.compatible_with[1]",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\ncompatible_with = [\"ads\"]\n\
             [purposes.ads]\ntitle.en = \"x\"\nbasis = \"contract\"\nmarketing = true\n",
            "23:20 purposes.a.compatible_with[0]",
        ),
        // soft opt-in; the policy of the fewest lines has one channel, of the kind email
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"soft_opt_in\"\nmarketing = true\n",
            "22:9 purposes.a.basis",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"soft_opt_in\"\nsimilar_to.en = \"y\"\n",
            "22:9 purposes.a.basis",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nsimilar_to.en = \"y\"\n",
            "23:1 purposes.a.similar_to",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nchannels = [\"email\"]\n",
            "23:12 purposes.a.channels",
        ),
        (
            "[channels.post]\ntitle.en = \"Post\"\nkind = \"post\"\n\
             [purposes.a]\ntitle.en = \"x\"\nbasis = \"soft_opt_in\"\nmarketing = true\nsimilar_to.en = \"y\"\n\
             channels = [\"email\", \"post\", \"fax\"]\n",
            "28:22 purposes.a.channels[1]|28:30 purposes.a.channels[2]",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"soft_opt_in\"\nmarketing = true\nsimilar_to.en = \"y\"\n\
             special_category = true\nconsent_period_days = 3\n",
            "25:20 purposes.a.special_category|26:23 purposes.a.consent_period_days",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\ncompatible_with = [\"b\"]\n\
             [purposes.b]\ntitle.en = \"x\"\nbasis = \"soft_opt_in\"\nmarketing = true\nsimilar_to.en = \"y\"\n",
            "23:20 purposes.a.compatible_with[0]",
        ),
        // forms
        ("[forms.a]\ntitle.en = \"x\"\n", "20:1 forms.a"),
        ("[forms.a]\ntitle.en = \"x\"\ncontents = []\n", "22:12 forms.a.contents"),
        ("[forms.a]\ntitle.en = \"x\"\ncontents = [\"news\"]\n", "22:13 forms.a.contents[0]"),
        // the privacy notice
        ("[privacy_notice]\nofficer = \" \"\n", "21:11 privacy_notice.officer"),
        ("[privacy_notice]\nauthority.de = \"x\"\n", "21:1 privacy_notice.authority"),
        ("[privacy_notice.purposes.nothing]\nperiod.en = \"x\"\n", "20:1 privacy_notice.purposes.nothing"),
        (
            "[privacy_notice.purposes.order]\ninterests.en = \"x\"\n",
            "21:1 privacy_notice.purposes.order.interests",
        ),
        // fields
        ("[fields.a]\ntitle.en = \"x\"\nkind = \"text\"\nidentifying = true\n", "20:1 fields.a"),
        (
            "[fields.email]\ntitle.en = \"x\"\nkind = \"text\"\nidentifying = true\nsensitive = false\n",
            "20:9 fields.email",
        ),
        (
            "[fields.a]\ntitle.en = \"x\"\nkind = \"text\"\nidentifying = true\nsensitive = false\ndata = \"special\"\n",
            "24:13 fields.a.sensitive",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nerase_on_withdrawal = true\n",
            "23:23 purposes.a.erase_on_withdrawal",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nmarketing = true\nduring_restriction = true\n",
            "24:22 purposes.a.during_restriction",
        ),
        // staff
        ("[staff.a]\nname = \"A\"\nemail = \"a\"\n", "22:9 staff.a.email"),
        ("[staff.a]\nname = \"A\"\nemail = \"a@x.org\"\ngroups = [\"g\"]\n", "23:11 staff.a.groups[0]"),
        ("[staff.a]\nname = \"A\"\nemail = \"a@x.org\"\nroles = [\"boss\"]\n", "23:10 staff.a.roles[0]"),
        ("[staff.a]\nname = \"A\"\nemail = \"a@x.org\"\nchannel = \"Duty\"\n", "23:1 staff.a.channel"),
        ("[staff.a]\nname = \"A\"\nemail = \"a@x.org\"\nalso_by_mail = true\n", "23:16 staff.a.also_by_mail"),
        (
            "[staff.a]\nname = \"A\"\nemail = \"a@x.org\"\nchannel = \"duty\"\nnotices = \"digest\"\n",
            "24:11 staff.a.notices",
        ),
        ("[staff_groups.a]\ntitle.en = \"x\"\npurposes = [\"p\"]\n", "22:13 staff_groups.a.purposes[0]"),
        ("[staff_notices]\nescalate_after_hours = 12\n", "21:24 staff_notices.escalate_after_hours"),
        ("[staff_notices]\nclear = [\"shoe_size\"]\n", "21:10 staff_notices.clear[0]"),
        ("[masking]\nsensitive = \"open\"\n", "21:13 masking.sensitive"),
        ("[masking]\nvisible = 5\n", "21:11 masking.visible"),
        ("[children]\nage_of_consent = 12\n", "21:18 children.age_of_consent"),
        ("[children]\nbirthday = \"b\"\n", "21:12 children.birthday"),
        // sources
        ("[sources.rescind]\ntypes = [\"*\"]\n", "20:10 sources.rescind"),
        ("[sources.broker]\ntypes = [\"*\"]\namqp_user = \"x\"\n", "22:13 sources.broker.amqp_user"),
        ("[sources.a]\ntypes = [\"*\"]\n", "20:1 sources.a"),
        ("[sources.a]\ntypes = [\"*\"]\ntoken_sha256 = \"my token\"\n", "22:16 sources.a.token_sha256"),
        ("[sources.a]\ntypes = [\"order.*\"]\namqp_user = \"x\"\n", "21:10 sources.a.types[0]"),
        ("[sources.a]\ntypes = [\"consent*\"]\namqp_user = \"x\"\n", "21:10 sources.a.types[0]"),
        (
            "[sources.a]\ngate = true\namqp_user = \"x\"\n[sources.b]\ngate = true\namqp_user = \"x\"\n",
            "25:13 sources.b.amqp_user",
        ),
        // limits and periods
        ("[limits]\nmails_per_request = 0\n", "21:21 limits.mails_per_request"),
        ("[limits]\nmails_per_request = -1\n", "21:21 limits.mails_per_request"),
        ("[limits]\nmail_providers = [\"nowhere\"]\n", "21:19 limits.mail_providers[0]"),
        ("[periods]\nrequest_days = 3\nreminder_days = 3\n", "22:17 periods.reminder_days"),
        // schedules
        (
            "[schedules.a]\ncron = \"0 3 * * *\"\ntime_zone = \"Berlin\"\nmessage = { type = \"sweep.run.v1\", data = { sweep = \"housekeeping\" } }\n",
            "22:13 schedules.a.time_zone",
        ),
        (
            "[schedules.a]\ncron = \"0 3 * * *\"\ntime_zone = \"UTC\"\nmessage.type = \"sweep.run\"\n",
            "23:16 schedules.a.message.type",
        ),
        (
            "[schedules.a]\ncron = \"0 3 * *\"\ntime_zone = \"UTC\"\nmessage.type = \"consent.any\"\n",
            "21:8 schedules.a.cron|23:16 schedules.a.message.type",
        ),
        (
            "[schedules.a]\ncron = \"@daily\"\ntime_zone = \"UTC\"\n\
             message = { type = \"sweep.run.v1\", data = { sweep = \"all\" } }\n",
            "23:53 schedules.a.message.data.sweep",
        ),
        (
            "[schedules.a]\ncron = \"@daily\"\ntime_zone = \"UTC\"\nmessage.type = \"sweep.run.v1\"\n",
            "23:1 schedules.a.message.data.sweep",
        ),
    ];
    for (more, place) in cases {
        assert_eq!(places(small_and(more)).join("|"), *place, "{more}");
    }
    let two = format!(
        "[sources.a]\ngate = true\ntoken_sha256 = \"{token}\"\n\
         [sources.b]\ngate = true\ntoken_sha256 = [\"{token}\"]\n"
    );
    let errors = small_and(&two).expect_err("shared token");
    assert!(!errors.to_string().contains(&token), "{errors}");
    assert_eq!(places(Err(errors)), ["25:17 sources.b.token_sha256[0]"]);
}

#[test]
fn wordings_are_checked() {
    let version = "[[contents.news.versions]]\nversion = 1\nvalid_from = 2026-01-01\ntitle.en = \"x\"\n";
    // what follows the version begins at line 29
    let cases: &[(&str, &str)] = &[
        ("", "25:1 contents.news.versions[0]"),
        ("text.en = \"\"\n", "29:11 contents.news.versions[0].text.en"),
        ("text = { en = \"x\", de = \"y\" }\n", "28:1 contents.news.versions[0].title"),
        ("text.en = \"x\"\nchannels = [\"email\", \"fax\"]\n", "30:22 contents.news.versions[0].channels[1]"),
        ("text.en = \"x\"\nconcerns = [\"cats\"]\n", "30:13 contents.news.versions[0].concerns[0]"),
        ("text.en = \"x\"\nregulation = \"r.exe\"\n", "30:14 contents.news.versions[0].regulation"),
        ("text.en = \"x\"\nregulation = \"r.pdf\"\n", "30:14 contents.news.versions[0].regulation"),
        (
            "text.en = \"x\"\n[[contents.news.versions]]\nversion = 1\nvalid_from = 2026-01-01\n\
             title.en = \"x\"\ntext.en = \"x\"\n",
            "31:11 contents.news.versions[1].version",
        ),
        (
            "text.en = \"x\"\n[[contents.news.versions]]\nversion = 2\nvalid_from = 2025-12-31\n\
             title.en = \"x\"\ntext.en = \"x\"\n",
            "32:14 contents.news.versions[1].valid_from",
        ),
        (
            "text.en = \"x\"\n[[contents.news.versions]]\nversion = 2\nvalid_from = \"soon\"\n\
             title.en = \"x\"\ntext.en = \"x\"\n",
            "32:14 contents.news.versions[1].valid_from",
        ),
        (
            "text.en = \"x\"\n[[contents.news.versions]]\nversion = 2\nvalid_from = 2026-01-01T00:00:00\n\
             title.en = \"x\"\ntext.en = \"x\"\n",
            "32:14 contents.news.versions[1].valid_from",
        ),
    ];
    assert_eq!(places(small_and(&format!("{NEWS}{version}text.en = \"x\"\n"))), Vec::<String>::new());
    for (more, place) in cases {
        assert_eq!(places(small_and(&format!("{NEWS}{version}{more}"))), [*place], "{more}");
    }
    let terms = format!("{}terms = true\n{version}text.en = \"x\"\n", NEWS);
    assert_eq!(places(small_and(&terms)), ["24:11 contents.news.purpose"]);
    let contract = format!("[contents.order]\npurpose = \"order\"\n{version}text.en = \"x\"\n");
    let contract = contract.replace("contents.news", "contents.order");
    assert_eq!(places(small_and(&contract)), ["21:11 contents.order.purpose"]);
    let unknown = NEWS.replace("purpose = \"news\"", "purpose = \"nws\"\ncategory = \"al\"");
    assert_eq!(
        places(small_and(&format!("{unknown}{version}text.en = \"x\"\n"))),
        ["24:11 contents.news.purpose", "25:12 contents.news.category"]
    );
}
