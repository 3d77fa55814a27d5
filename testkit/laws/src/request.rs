//! A follower's request has one form. `spec/revocation.md` section 4.

use portward::FeedRequest;

pub(crate) fn holds(data: &[u8]) {
    let Ok(request) = FeedRequest::from_bytes(data) else { return };
    assert_eq!(request.to_bytes(), data, "two forms of one request");
    assert!(FeedRequest::from_bytes(&data[..data.len() - 1]).is_err());
    assert!(FeedRequest::from_bytes(&[data, &[0]].concat()).is_err());
}
