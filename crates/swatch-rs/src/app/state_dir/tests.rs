use super::*;

#[test]
fn names_are_safe_and_bounded() {
    assert_eq!(
        file_name("/etc/swatch/a.conf--/var/log/x y"),
        "etc_swatch_a.conf--_var_log_x_y.state"
    );
    assert!(file_name(&"é/..".repeat(500)).len() < 220);
    assert!(!file_name("../../etc/passwd").contains('/'));
}
