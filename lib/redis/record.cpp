#include "record.hpp"

#include "core/sip_hash.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace assent::redis {

namespace {

constexpr std::size_t fixed_size = 38;
constexpr std::size_t earlier_size = 22;
constexpr std::size_t components_of_principal = 5;

std::optional<std::uint64_t> read_hex(std::string_view digits) noexcept
{
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    return value;
}

Store::time_point from_milliseconds(std::uint64_t value) noexcept
{
    using std::chrono::milliseconds;
    constexpr auto most = std::chrono::duration_cast<milliseconds>(Store::time_point::max().time_since_epoch()).count();
    if (value > static_cast<std::uint64_t>(most))
        return Store::time_point::max();
    return Store::time_point(milliseconds(value));
}

constexpr std::string_view script = R"(local ask, value = ARGV[1], ARGV[2]
local head = redis.call('GETRANGE', KEYS[1], 0, 103)
local mode, id, since = string.sub(ask, 1, 1), string.sub(ask, 28, 35), string.sub(ask, 48, 61)
local version, here, past, count = 0, 0, '', 0
if head ~= '' then
    count = tonumber(string.match(head, '^A1[+-]([0-3])%x'))
    version = count and tonumber(string.sub(head, 5, 18), 16)
    if not version or version > 9007199254740000 or #head < 38 + 22 * count then
        return redis.error_reply('ASSENTCORRUPT the value was not written by assent')
    end
    if since ~= '--------------' then
        if string.sub(head, 19, 26) == id then return version end
        for at = 39, 17 + 22 * count, 22 do
            if string.sub(head, at + 14, at + 21) == id then return tonumber(string.sub(head, at, at + 13), 16) end
        end
        if count == 3 and tonumber(string.sub(head, 83, 96), 16) >= tonumber(since, 16) then
            return redis.error_reply('ASSENTLOST too many writes since')
        end
    end
    local expiry = string.sub(head, 27, 38)
    if string.sub(head, 3, 3) == '+' and (expiry == '------------' or tonumber(expiry, 16) > tonumber(string.sub(ask, 16, 27), 16)) then
        here = version
    end
    if count > 2 then count = 2 end
    past = string.sub(head, 5, 26) .. string.sub(head, 39, 38 + 22 * count)
    count = count + 1
end
if mode == 'x' and here ~= tonumber(string.sub(ask, 2, 15), 16) then return 0 end
if mode == 'e' and here == 0 then return 0 end
local time = redis.call('TIME')
local new = time[1] * 1000000 + time[2]
if new <= version then new = version + 1 end
local record = string.format('A1%s%d%014x', mode == 'e' and '-' or '+', count, new) .. string.sub(ask, 28, 47) .. past .. value
local keep = string.sub(ask, 62)
if keep == '' then
    redis.call('SET', KEYS[1], record)
else
    redis.call('SET', KEYS[1], record, 'PX', keep)
end
return new
)";

/// The part of a key's text that its first components make up, and whether it has as many.
std::pair<std::string_view, bool> beginning(std::string_view text) noexcept
{
    std::size_t at = std::min<std::size_t>(2, text.size());
    for (std::size_t component = 0; component < components_of_principal; ++component) {
        std::size_t length = 0;
        auto const [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), length);
        auto const colon = static_cast<std::size_t>(end - text.data());
        if (error != std::errc() || colon >= text.size() || length > text.size() - colon - 1)
            return {text, false};
        at = colon + 1 + length;
    }
    return {text.substr(0, at), true};
}

}  // namespace

std::optional<RecordHeader> RecordHeader::parse(std::string_view record) noexcept
{
    if (record.size() < fixed_size || !record.starts_with("A1") || (record[2] != '+' && record[2] != '-'))
        return std::nullopt;
    if (record[3] < '0' || record[3] > '3')
        return std::nullopt;
    RecordHeader header;
    header.erased = record[2] == '-';
    header.size = fixed_size + earlier_size * static_cast<std::size_t>(record[3] - '0');
    auto const version = read_hex(record.substr(4, 14));
    if (record.size() < header.size || !version || *version == 0)
        return std::nullopt;
    header.version = *version;
    auto const expiry = record.substr(26, 12);
    if (expiry.find_first_not_of('-') != std::string_view::npos) {
        auto const milliseconds = read_hex(expiry);
        if (!milliseconds)
            return std::nullopt;
        header.expires_at = from_milliseconds(*milliseconds);
    }
    return header;
}

std::string_view write_script() noexcept
{
    return script;
}

std::uint64_t to_milliseconds(Store::time_point when) noexcept
{
    auto const count = std::chrono::ceil<std::chrono::milliseconds>(when.time_since_epoch()).count();
    return static_cast<std::uint64_t>(std::max<decltype(count)>(count, 0));
}

void append_hex(std::string& out, std::uint64_t value, int digits)
{
    char text[16];
    auto const count = static_cast<std::size_t>(digits);
    for (std::size_t i = count; i-- > 0; value >>= 4)
        text[i] = "0123456789abcdef"[value & 15];
    out.append(text, count);
}

KeyTag KeyTag::of(std::string_view text) noexcept
{
    auto const [principal, complete] = beginning(text);
    auto const hash = sip_hash({}, principal);
    KeyTag tag{{}, complete};
    for (int i = 0; i < 4; ++i)
        tag.digits[i] = "0123456789abcdef"[(hash >> (4 * i)) & 15];
    return tag;
}

std::uint16_t slot_of(std::string_view tag) noexcept
{
    std::uint32_t crc = 0;
    for (char const c : tag) {
        crc ^= std::uint32_t(static_cast<unsigned char>(c)) << 8;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 0x8000U) != 0 ? ((crc << 1) ^ 0x1021U) & 0xffffU : (crc << 1) & 0xffffU;
    }
    return static_cast<std::uint16_t>(crc & 16383U);
}

void KeyNames::append(std::string& out, std::string_view text) const
{
    auto const tag = KeyTag::of(text);
    char const braced[] = {'{', tag.digits[0], tag.digits[1], tag.digits[2], tag.digits[3], '}'};
    out.append(prefix_).append(braced, sizeof braced).append(text);
}

void append_name(std::string& out, KeyNames const& names, std::string_view text)
{
    char length[24];
    length[0] = '$';
    auto* const end = std::to_chars(length + 1, length + sizeof length - 2, names.size(text)).ptr;
    end[0] = '\r';
    end[1] = '\n';
    out.append(length, end + 2);
    names.append(out, text);
    out.append("\r\n", 2);
}

std::string KeyNames::pattern(std::string_view text) const
{
    std::string out;
    auto const escape = [&out](std::string_view literal) {
        for (char const c : literal) {
            if (std::string_view("*?[]\\").find(c) != std::string_view::npos)
                out.push_back('\\');
            out.push_back(c);
        }
    };
    escape(prefix_);
    auto const tag = KeyTag::of(text);
    out.push_back('{');
    if (tag.complete)
        out.append(tag.view());
    else
        out.append("????");
    out.push_back('}');
    escape(text);
    out.push_back('*');
    return out;
}

std::optional<std::string_view> KeyNames::text(std::string_view name) const noexcept
{
    if (!name.starts_with(prefix_))
        return std::nullopt;
    name.remove_prefix(prefix_.size());
    if (name.size() < 6 || name[0] != '{' || name[5] != '}')
        return std::nullopt;
    auto const text = name.substr(6);
    if (KeyTag::of(text).view() != name.substr(1, 4))
        return std::nullopt;
    return text;
}

}  // namespace assent::redis
