use super::*;

fn service(text: &str) -> WebService {
    let settings = crate::settings::Settings::parse(&format!("[[notify]]\n{text}"));
    settings.expect(text).notify.remove(0)
}

#[test]
fn services_that_cannot_be_meant_are_refused() {
    for (text, why) in [
        ("", "name its address"),
        (
            "url = \"https://a.example/\"\nurl_file = \"/x\"",
            "name its address",
        ),
        ("url = \"ftp://a.example/\"", "write https://"),
        ("url = \"https://user:pw@a.example/\"", "write https://"),
        ("url = \"https://{address}/\"", "write https://"),
        ("url = \"https://a.example/ x\"", "no spaces"),
        (
            "url = \"http://a.example/\"\ntoken_file = \"/etc/swatch/token\"",
            "not sent without TLS",
        ),
        (
            "url = \"https://a.example/\"\nmethod = \"GET\"",
            "neither POST nor PUT",
        ),
        ("url = \"https://a.example/\"\nretries = 21", "more than 20"),
        (
            "url = \"https://a.example/\"\nca_file = \"ca.pem\"",
            "absolute",
        ),
        (
            "url = \"https://a.example/\"\nheaders = { \"a b\" = \"x\" }",
            "name of a header",
        ),
        (
            "url = \"https://a.example/\"\nheaders = { Host = \"x\" }",
            "name of a header",
        ),
        (
            "url = \"https://a.example/\"\nheaders = { A = \"Bearer {token}\" }",
            "`token_file`, which is not set",
        ),
        (
            "url = \"https://a.example/\"\nbody = '{\"text\": {adress}}'",
            "did you mean {address}?",
        ),
        (
            "url = \"https://a.example/\"\nbody = '{\"text\": }'",
            "not JSON",
        ),
    ] {
        let error = service(text).check().expect_err(text).to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
    for good in [
        "url = \"https://a.example/{id}?a={address}\"",
        "url = \"http://127.0.0.1:8080/\"\ntoken_file = \"/etc/swatch/token\"\nheaders = { A = \"{token}\" }",
        "url = \"http://[::1]/\"\nbody = \"{text}\"\ncontent_type = \"text/plain\"",
        "url_file = \"/etc/swatch/slack.url\"",
    ] {
        service(good).check().expect(good);
    }
}
