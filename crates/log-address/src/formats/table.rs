//! The table of known formats.

use super::{
    Format, Reader, db, dns, dovecot, ftp, imap, json, login, mta, net, postfix, proxy, remote,
    sshd, voip, vpn, web, webapp,
};

/// A format in syslog alone.
const fn syslog(name: &'static str, programs: Programs, message: Reader) -> Format {
    Format {
        name,
        programs,
        message,
        line: None,
    }
}

/// One with a log of its own, which looks the same behind a syslog header.
const fn own_log(name: &'static str, programs: Programs, line: Reader) -> Format {
    Format {
        name,
        programs,
        message: line,
        line: Some(line),
    }
}

/// One with a log of its own, and messages without that log's header in syslog.
const fn both(name: &'static str, programs: Programs, message: Reader, line: Reader) -> Format {
    Format {
        name,
        programs,
        message,
        line: Some(line),
    }
}

type Programs = &'static [&'static str];

/// All formats; the first that knows a line has it.
pub(super) const FORMATS: &[Format] = &[
    own_log(
        "openssh",
        &["sshd", "sshd-session", "sshd-auth"],
        sshd::read,
    ),
    syslog("pam", &[], login::pam),
    syslog("tcp_wrappers", &[], login::libwrap),
    own_log(
        "bind",
        &["named", "security", "update-security", "queries"],
        dns::bind,
    ),
    own_log("unbound", &["unbound"], dns::unbound),
    syslog("dnsmasq", &["dnsmasq"], dns::dnsmasq),
    both("vsftpd", &["vsftpd"], ftp::vsftpd, ftp::vsftpd_log),
    both("proftpd", &["proftpd"], ftp::proftpd, ftp::proftpd_log),
    syslog("pure-ftpd", &["pure-ftpd"], ftp::pure_ftpd),
    syslog("ftpd", &["ftpd", "wu-ftpd", "in.ftpd"], ftp::ftpd),
    syslog("postfix", &["postfix*"], postfix::read),
    syslog(
        "dovecot",
        &[
            "dovecot*",
            "imap-login",
            "pop3-login",
            "managesieve-login",
            "submission-login",
            "auth",
            "auth-worker",
        ],
        dovecot::read,
    ),
    both("exim", &["exim", "exim4"], mta::exim, mta::exim_log),
    syslog("sendmail", &["sendmail", "sm-*"], mta::sendmail),
    syslog("opensmtpd", &["smtpd"], mta::opensmtpd),
    syslog(
        "courier",
        &[
            "imapd",
            "imapd-ssl",
            "pop3d",
            "pop3d-ssl",
            "courieresmtpd",
            "courierpop3login",
            "courierlogger",
            "imaplogin",
        ],
        imap::courier,
    ),
    syslog("uw-imap", &["imapd", "ipop3d", "ipop2d"], imap::uw),
    syslog(
        "cyrus",
        &[
            "imap",
            "imaps",
            "imapd",
            "pop3",
            "pop3s",
            "pop3d",
            "sieve",
            "timsieved",
            "cyrus*",
        ],
        imap::cyrus,
    ),
    own_log("zimbra", &["zimbra*"], imap::zimbra),
    own_log(
        "access log",
        &[
            "nginx*", "apache*", "httpd*", "lighttpd", "traefik", "caddy",
        ],
        web::access,
    ),
    own_log("nginx error log", &["nginx*"], web::nginx_error),
    own_log(
        "apache error log",
        &["apache*", "httpd*"],
        web::apache_error,
    ),
    own_log("lighttpd error log", &["lighttpd"], web::lighttpd),
    own_log(
        "json",
        &[
            "caddy",
            "traefik",
            "nextcloud*",
            "gitlab*",
            "mongod",
            "nginx*",
            "suricata",
        ],
        json::read,
    ),
    own_log("asterisk", &["asterisk"], voip::asterisk),
    both(
        "freeswitch",
        &["freeswitch"],
        voip::freeswitch,
        voip::freeswitch_log,
    ),
    own_log("murmur", &["murmurd", "mumble-server"], voip::murmur),
    own_log("ejabberd", &["ejabberd"], voip::ejabberd),
    both(
        "roundcube",
        &["roundcube"],
        webapp::roundcube,
        webapp::roundcube_log,
    ),
    own_log("grafana", &["grafana*"], webapp::grafana),
    syslog("phpmyadmin", &["phpMyAdmin"], webapp::phpmyadmin),
    syslog("webmin", &["webmin", "usermin"], webapp::webmin),
    syslog("wordpress", &["wordpress", "wp"], webapp::wordpress),
    syslog("drupal", &["drupal*"], webapp::drupal),
    own_log("squirrelmail", &["squirrelmail"], webapp::squirrelmail),
    both(
        "gitea",
        &["gitea", "forgejo"],
        webapp::gitea,
        webapp::gitea_log,
    ),
    own_log("vaultwarden", &["vaultwarden"], webapp::vaultwarden),
    own_log(
        "home assistant",
        &["hass", "homeassistant"],
        webapp::home_assistant,
    ),
    own_log("jellyfin", &["jellyfin"], webapp::jellyfin),
    own_log("keycloak", &["keycloak*", "kc.sh"], webapp::keycloak),
    own_log(
        "mysql",
        &["mysqld", "mariadbd", "mariadb", "mysql"],
        db::mysql,
    ),
    both("postgresql", &["postgres*"], db::postgres, db::postgres_log),
    own_log("redis", &["redis*", "valkey*"], db::redis),
    own_log("mssql", &["sqlservr"], db::mssql),
    own_log("squid", &["squid"], proxy::squid),
    syslog("haproxy", &["haproxy"], proxy::haproxy),
    syslog("tinyproxy", &["tinyproxy"], proxy::tinyproxy),
    syslog("stunnel", &["stunnel*"], proxy::stunnel),
    own_log("openvpn", &["openvpn*", "ovpn*"], vpn::openvpn),
    syslog("strongswan", &["charon*", "ipsec"], vpn::charon),
    syslog("pptpd", &["pptpd"], vpn::pptpd),
    syslog("dropbear", &["dropbear"], remote::dropbear),
    own_log("xrdp", &["xrdp*"], remote::xrdp),
    own_log("samba", &["smbd", "smbd_audit"], remote::samba),
    syslog("rsync", &["rsyncd", "rsync"], remote::rsync),
    syslog("xinetd", &["xinetd"], login::xinetd),
    syslog("login", &["login"], login::login),
    syslog(
        "proxmox",
        &["pvedaemon", "pveproxy", "pmgdaemon"],
        login::proxmox,
    ),
    syslog("netfilter", &["kernel"], login::netfilter),
    syslog("openldap", &["slapd"], net::slapd),
    syslog("monit", &["monit"], net::monit),
    own_log("snort", &["snort", "suricata"], net::snort),
    syslog("portsentry", &["portsentry"], net::portsentry),
];
