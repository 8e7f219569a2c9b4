#pragma once

#include <boost/json/value.hpp>

namespace assent {

/// True when `granted` (the token response's authorization_details) is what was requested and approved (RFC 9396 7).
///
/// Both are arrays of objects with a `type`, or null for "none". The rules:
/// - Each granted element must be accounted for by a requested element of its own: same type, every requested member there and
///   equal, arrays of scalars a subset of the requested ones. Each requested element accounts for at most one granted element, so that one
///   approved payment cannot come back as two.
/// - Members that the request does not have are the server's enrichment (RFC 9396 7.1) and allowed, except the common members that
///   widen what may be done (locations, actions, datatypes, privileges, identifier).
/// - Every requested element must be granted: when one is missing, what would run is not what was approved. A server that sends no
///   authorization_details although some were requested said nothing, which is a mismatch too.
/// - Nothing requested: nothing may be granted.
bool granted_within_requested(boost::json::value const& requested, boost::json::value const& granted);

}  // namespace assent
