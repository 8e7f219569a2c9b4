#include "support/loopback_server.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sched.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

[[noreturn]] void fail(char const* what) {
    throw std::runtime_error(std::string("loopback server: ") + what + ": " + std::strerror(errno));
}

std::string temporary_file() {
    std::string name = "/tmp/assent-bench-XXXXXX";
    int const handle = ::mkstemp(name.data());
    if (handle < 0)
        fail("mkstemp");
    ::close(handle);
    return name;
}

/// A route's answer, ready to send, cut at the places that vary.
struct PreparedAnswer {
    std::string target;
    std::string bytes;
    std::vector<std::size_t> numbers;
    void (*respond)(std::string_view, std::string&) = nullptr;
};

PreparedAnswer prepare(Route const& route, std::string const& origin) {
    constexpr std::string_view number = "00000000000000000000";
    std::string body = route.body;
    for (std::size_t at; (at = body.find("{origin}")) != std::string::npos;)
        body.replace(at, std::string_view("{origin}").size(), origin);
    std::vector<std::size_t> numbers;
    for (std::size_t at; (at = body.find("{n}")) != std::string::npos;) {
        body.replace(at, 3, number);
        numbers.push_back(at);
    }
    PreparedAnswer result;
    result.target = route.target;
    result.respond = route.respond;
    result.bytes =
        "HTTP/1.1 " + std::to_string(route.status) + " Status\r\nContent-Type: " + route.content_type +
        "\r\nCache-Control: no-store\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    for (std::size_t& at : numbers)
        at += result.bytes.size();
    result.bytes += body;
    result.numbers = std::move(numbers);
    return result;
}

struct Connection {
    explicit Connection(int socket) : handle(socket) {}
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;
    ~Connection() {
        if (ssl != nullptr)
            ::SSL_free(ssl);
        ::close(handle);
    }

    int handle;
    ::SSL* ssl = nullptr;
    std::string input;
    std::string output;  // what the socket did not take
};

/// One thread, epoll, everything non-blocking.
class Loop {
public:
    Loop(int listener, std::vector<PreparedAnswer> answers, std::atomic<std::uint64_t>* counters,
         ::SSL_CTX* tls)
        : listener_(listener),
          answers_(std::move(answers)),
          counters_(counters),
          tls_(tls),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
    }

    [[noreturn]] void run() {
        std::array<::epoll_event, 256> events;
        for (;;) {
            int const count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < count; ++i) {
                int const handle = events[static_cast<std::size_t>(i)].data.fd;
                if (handle == listener_)
                    accept_all();
                else
                    serve(handle);
            }
        }
    }

private:
    void watch(int handle, std::uint32_t what, int operation) {
        ::epoll_event event{};
        event.events = what;
        event.data.fd = handle;
        ::epoll_ctl(epoll_, operation, handle, &event);
    }

    void accept_all() {
        for (;;) {
            int const handle = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (handle < 0)
                return;
            int const on = 1;
            ::setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            auto connection = std::make_unique<Connection>(handle);
            if (tls_ != nullptr) {
                connection->ssl = ::SSL_new(tls_);
                ::SSL_set_fd(connection->ssl, handle);
                ::SSL_set_accept_state(connection->ssl);
            }
            connections_[handle] = std::move(connection);
            watch(handle, EPOLLIN, EPOLL_CTL_ADD);
        }
    }

    void serve(int handle) {
        auto const found = connections_.find(handle);
        if (found == connections_.end())
            return;
        Connection& connection = *found->second;
        if (!flush(connection) || !read_all(connection))
            connections_.erase(found);
    }

    // Negative: the connection is over. Zero: nothing now.
    long receive(Connection& connection, char* data, std::size_t size) {
        if (connection.ssl == nullptr) {
            ::ssize_t const n = ::recv(connection.handle, data, size, 0);
            if (n > 0)
                return n;
            return n < 0 && errno == EAGAIN ? 0 : -1;
        }
        ::ERR_clear_error();
        int const n = ::SSL_read(connection.ssl, data, static_cast<int>(size));
        if (n > 0)
            return n;
        int const error = ::SSL_get_error(connection.ssl, n);
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }

    bool read_all(Connection& connection) {
        for (;;) {
            char buffer[16384];
            long const n = receive(connection, buffer, sizeof(buffer));
            if (n < 0)
                return false;
            if (n == 0)
                return true;
            connection.input.append(buffer, static_cast<std::size_t>(n));
            if (!answer_all(connection))
                return false;
            if (connection.ssl == nullptr && n < static_cast<long>(sizeof(buffer)))
                return true;
        }
    }

    bool answer_all(Connection& connection) {
        std::size_t begin = 0;
        std::string_view const input = connection.input;
        for (;;) {
            std::size_t const head_end = input.find("\r\n\r\n", begin);
            if (head_end == std::string_view::npos)
                break;
            std::string_view const head = input.substr(begin, head_end - begin);
            std::size_t const size = content_length(head);
            if (input.size() - (head_end + 4) < size)
                break;
            if (!answer(connection, head, input.substr(head_end + 4, size)))
                return false;
            begin = head_end + 4 + size;
        }
        connection.input.erase(0, begin);
        return true;
    }

    static std::size_t content_length(std::string_view head) {
        for (std::string_view const name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
            std::size_t const at = head.find(name);
            if (at == std::string_view::npos)
                continue;
            std::size_t value = 0;
            char const* const digits = head.data() + at + name.size();
            std::from_chars(digits, head.data() + head.size(), value);
            return value;
        }
        return 0;
    }

    bool answer(Connection& connection, std::string_view head, std::string_view body) {
        std::size_t const space = head.find(' ');
        std::string_view const target = space == std::string_view::npos ? head : head.substr(space + 1);
        for (std::size_t i = 0; i < answers_.size(); ++i) {
            PreparedAnswer& prepared = answers_[i];
            if (!target.starts_with(prepared.target))
                continue;
            if (prepared.respond != nullptr) {
                computed_.clear();
                prepared.respond(body, computed_);
                whole_ = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                         std::to_string(computed_.size()) + "\r\n\r\n";
                whole_ += computed_;
                counters_[i].fetch_add(1, std::memory_order_relaxed);
                return send(connection, whole_);
            }
            for (std::size_t const at : prepared.numbers) {
                char digits[32];
                std::snprintf(digits, sizeof(digits), "%020llu", static_cast<unsigned long long>(++number_));
                prepared.bytes.replace(at, 20, digits, 20);
            }
            counters_[i].fetch_add(1, std::memory_order_relaxed);
            return send(connection, prepared.bytes);
        }
        return send(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }

    bool send(Connection& connection, std::string_view bytes) {
        if (connection.output.empty()) {
            long sent;
            if (connection.ssl == nullptr) {
                sent = ::send(connection.handle, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (sent < 0 && errno != EAGAIN)
                    return false;
            } else {
                sent = ::SSL_write(connection.ssl, bytes.data(), static_cast<int>(bytes.size()));
            }
            if (sent == static_cast<long>(bytes.size()))
                return true;
            bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
        }
        connection.output.append(bytes);
        watch(connection.handle, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
        return true;
    }

    bool flush(Connection& connection) {
        if (connection.output.empty())
            return true;
        std::string const left = std::exchange(connection.output, {});
        if (!send(connection, left))
            return false;
        if (connection.output.empty())
            watch(connection.handle, EPOLLIN, EPOLL_CTL_MOD);
        return true;
    }

    int listener_;
    std::vector<PreparedAnswer> answers_;
    std::atomic<std::uint64_t>* counters_;
    ::SSL_CTX* tls_;
    int epoll_;
    std::uint64_t number_ = 0;
    std::string computed_;
    std::string whole_;
    std::unordered_map<int, std::unique_ptr<Connection>> connections_;
};

::SSL_CTX* make_tls(ServerCertificate const& certificate) {
    ::SSL_CTX* const context = ::SSL_CTX_new(::TLS_server_method());
    if (::SSL_CTX_use_certificate_file(context, certificate.certificate_file().c_str(), SSL_FILETYPE_PEM) !=
            1 ||
        ::SSL_CTX_use_PrivateKey_file(context, certificate.key_file().c_str(), SSL_FILETYPE_PEM) != 1)
        throw std::runtime_error("loopback server: the certificate does not load");
    ::SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

}  // namespace

ServerCertificate::ServerCertificate() : certificate_(temporary_file()), key_(temporary_file()) {
    std::unique_ptr<::EVP_PKEY, decltype(&::EVP_PKEY_free)> const key(::EVP_EC_gen("P-256"), ::EVP_PKEY_free);
    std::unique_ptr<::X509, decltype(&::X509_free)> const x509(::X509_new(), ::X509_free);
    ::X509_set_version(x509.get(), 2);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(x509.get()), 1);
    ::X509_gmtime_adj(::X509_getm_notBefore(x509.get()), -60);
    ::X509_gmtime_adj(::X509_getm_notAfter(x509.get()), 24L * 3600);
    ::X509_NAME* const name = ::X509_get_subject_name(x509.get());
    ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<unsigned char const*>("localhost"), -1, -1, 0);
    ::X509_set_issuer_name(x509.get(), name);
    ::X509_set_pubkey(x509.get(), key.get());
    std::pair<int, char const*> const extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE"},
        {NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"},
    };
    for (auto const& [id, value] : extensions) {
        ::X509_EXTENSION* const extension = ::X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
        ::X509_add_ext(x509.get(), extension, -1);
        ::X509_EXTENSION_free(extension);
    }
    ::X509_sign(x509.get(), key.get(), ::EVP_sha256());

    std::unique_ptr<std::FILE, decltype(&std::fclose)> const certificate(
        std::fopen(certificate_.c_str(), "w"), std::fclose);
    std::unique_ptr<std::FILE, decltype(&std::fclose)> const private_key(std::fopen(key_.c_str(), "w"),
                                                                         std::fclose);
    if (!certificate || !private_key || ::PEM_write_X509(certificate.get(), x509.get()) != 1 ||
        ::PEM_write_PrivateKey(private_key.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        throw std::runtime_error("loopback server: the certificate cannot be written");
}

ServerCertificate::~ServerCertificate() {
    ::unlink(certificate_.c_str());
    ::unlink(key_.c_str());
}

LoopbackServer::LoopbackServer(std::vector<Route> routes, ServerCertificate const* certificate, int cpu) {
    if (routes.size() > max_routes)
        throw std::invalid_argument("loopback server: too many routes");
    int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<::sockaddr*>(&address);
    if (::bind(listener, generic, size) != 0 || ::listen(listener, 4096) != 0 ||
        ::getsockname(listener, generic, &size) != 0)
        fail("listen");
    port_ = ntohs(address.sin_port);
    origin_ = certificate != nullptr ? "https://localhost:" : "http://127.0.0.1:";
    origin_ += std::to_string(port_);

    void* const memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    shared_ = new (memory) Shared{};

    ::pid_t const parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0)
        fail("fork");
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::signal(SIGPIPE, SIG_IGN);  // OpenSSL's writes would raise it when a client has closed
        if (::getppid() != parent)
            ::_exit(0);
        if (cpu >= 0)
            pin_to_cpu(cpu);
        try {
            std::vector<PreparedAnswer> answers;
            for (Route const& route : routes)
                answers.push_back(prepare(route, origin_));
            ::SSL_CTX* const tls = certificate != nullptr ? make_tls(*certificate) : nullptr;
            Loop(listener, std::move(answers), shared_->answered, tls).run();
        } catch (std::exception const& e) {
            std::fprintf(stderr, "%s\n", e.what());
            ::_exit(1);
        }
    }
    ::close(listener);
}

LoopbackServer::~LoopbackServer() {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
    ::munmap(shared_, sizeof(Shared));
}

std::uint64_t LoopbackServer::cpu_us() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    std::string text;
    std::getline(file, text);
    text.erase(0, text.rfind(')') + 2);
    // Of what follows the name, fields 12 and 13 are user and system time in ticks.
    std::uint64_t ticks = 0;
    std::size_t begin = 0;
    for (int field = 1; field <= 13; ++field) {
        std::size_t const end = text.find(' ', begin);
        if (field >= 12)
            ticks += std::strtoull(text.c_str() + begin, nullptr, 10);
        begin = end + 1;
    }
    return ticks * 1'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
}

void pin_to_cpu(int cpu) {
    ::cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    ::sched_setaffinity(0, sizeof(set), &set);
}

}  // namespace bench
