#pragma once

/// Everything a program that uses assent needs, without its HTTP client (assent/beast_http_client.hpp) and its test kit (assent/testing/).

#include <assent/api_response.hpp>
#include <assent/authorization_options.hpp>
#include <assent/authorized_http.hpp>
#include <assent/authorizer.hpp>
#include <assent/ciba_authorizer.hpp>
#include <assent/client_certificate.hpp>
#include <assent/clock.hpp>
#include <assent/credentials.hpp>
#include <assent/device_authorizer.hpp>
#include <assent/dpop.hpp>
#include <assent/error.hpp>
#include <assent/fga_authorizer.hpp>
#include <assent/fga_client.hpp>
#include <assent/fga_filter.hpp>
#include <assent/fga_retriever.hpp>
#include <assent/grant_options.hpp>
#include <assent/http_client.hpp>
#include <assent/interrupt.hpp>
#include <assent/memory_store.hpp>
#include <assent/oauth_client.hpp>
#include <assent/observer.hpp>
#include <assent/outcome.hpp>
#include <assent/principal.hpp>
#include <assent/private_key.hpp>
#include <assent/runtime.hpp>
#include <assent/secret.hpp>
#include <assent/store.hpp>
#include <assent/token_exchange_authorizer.hpp>
#include <assent/token_refusal.hpp>
#include <assent/token_type.hpp>
#include <assent/token_vault_authorizer.hpp>
#include <assent/tool.hpp>
#include <assent/tool_call.hpp>
#include <assent/version.hpp>
