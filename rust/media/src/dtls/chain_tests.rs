use super::*;
use crate::dtls::Identity;

#[test]
fn a_root_is_its_own_authority_and_no_other_is() {
    let [one, other] = [(); 2].map(|()| Identity::generate().unwrap());
    let trust = Trust::new(&[one.certificate().to_vec()]).unwrap();
    let now = SystemTime::now();
    let chain = |identity: &Identity| vec![identity.certificate().to_vec()];
    assert_eq!(trust.check(&chain(&one), now), Ok(()));
    // The same name, but not its signature.
    assert!(
        trust
            .check(&chain(&other), now)
            .unwrap_err()
            .contains("signature")
    );
    let late = now + Duration::from_secs(11 * 365 * 86_400);
    assert!(
        trust
            .check(&chain(&one), late)
            .unwrap_err()
            .contains("expired")
    );
    assert!(
        trust
            .check(&chain(&one), UNIX_EPOCH)
            .unwrap_err()
            .contains("not valid yet")
    );
    assert!(trust.check(&[], now).is_err());
    assert!(Trust::new(&[vec![1]]).is_err());
}
