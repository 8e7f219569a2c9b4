#pragma once

#include <assent/connected_account.hpp>
#include <assent/outcome.hpp>
#include <assent/secret.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// What is remembered between the start of a connection and its completion.
class ConnectionRecord {
public:
    ConnectionRecord() = default;
    Secret auth_session;
    Secret code_verifier;
    std::string redirect_uri;
    std::string connection;
};

/// As stored; wipe() the text. @par Errors of reading: record_corrupt.
std::string write_connection_record(ConnectionRecord const& record);
result<ConnectionRecord> read_connection_record(std::string_view text);

/// What Auth0 answers to POST connect.
class ConnectAnswer {
public:
    ConnectAnswer() = default;
    Secret auth_session;
    std::string url;  ///< connect_uri with its ticket.
    std::chrono::seconds expires_in{0};
};

/// @par Errors invalid_argument, naming the field.
result<void> check(ConnectAccount const& account);
std::string write_connect_request(ConnectAccount const& account, std::string_view state, std::string_view code_challenge);
/// @par Errors malformed_response.
result<ConnectAnswer> read_connect_answer(std::string_view body, bool loopback_http_allowed);

/// What a browser brings to the callback. Untrusted.
class ConnectCallback {
public:
    ConnectCallback() = default;
    std::string state;
    Secret connect_code;
    std::string error;        ///< Empty when it went well; at most 128 bytes.
    std::string description;  ///< At most 1024 bytes.
};
/// @param query with or without what is before the '?'. @par Errors invalid_argument: too large, or not what a callback brings.
result<ConnectCallback> read_connect_callback(std::string_view query);
std::string write_complete_request(ConnectionRecord const& record, Secret const& connect_code);

/// One page of accounts.
class AccountPage {
public:
    AccountPage() = default;
    std::vector<ConnectedAccount> accounts;
    std::string next;  ///< Empty at the end.
};
/// @par Errors malformed_response.
result<ConnectedAccount> read_connected_account(std::string_view body);
result<AccountPage> read_account_page(std::string_view body);

/// True for what may be in a path: 1 to 128 letters, digits and `_-|.`.
bool is_account_id(std::string_view text) noexcept;

}  // namespace assent
