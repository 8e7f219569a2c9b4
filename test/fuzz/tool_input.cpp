// Tool input. The first line is JSON Schema, or empty for a described type; the rest is a value. Whatever they are, checking ends, and
// what was let through is in a form that stays as it is.
#include <assent/input.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tool_input_fuzz {

enum class Side { buy = 1, sell };
BOOST_DESCRIBE_ENUM(Side, buy, sell)

struct Lot {
    std::int64_t qty = 0;
    std::optional<float> limit;
    std::vector<Lot> lots;
};
BOOST_DESCRIBE_STRUCT(Lot, (), (qty, limit, lots))

void describe_fields(assent::Fields<Lot>& fields)
{
    fields(&Lot::qty).minimum(1).multiple_of(2).default_value(2);
    fields(&Lot::lots).unique_items().max_items(4).default_value(boost::json::array());
}

struct Order {
    Side side = Side::buy;
    std::string ticker;
    std::variant<std::uint8_t, double, std::string, Lot> size;
    std::map<std::string, std::optional<bool>> flags;
    std::optional<std::string> when;
    std::optional<Lot> lot;
    boost::json::value extra;
};
BOOST_DESCRIBE_STRUCT(Order, (), (side, ticker, size, flags, when, lot, extra))

void describe_fields(assent::Fields<Order>& fields)
{
    fields(&Order::side).default_value("buy");
    fields(&Order::ticker).pattern("^([A-Z]+)*\\d?$").max_length(20);
    fields(&Order::when).format("date-time").default_value("2026-01-31T09:30:00Z");
}

}  // namespace tool_input_fuzz

namespace {

using tool_input_fuzz::Order;

void check(assent::Schema const& schema, boost::json::value const& value, bool typed)
{
    auto const once = schema.check(value);
    if (!once) {
        if (once.failure().detail().empty() || once.failure().detail().size() > 16'384)
            std::abort();
        return;
    }
    auto const twice = schema.check(once.value());
    if (!twice || twice.value() != once.value())
        std::abort();
    boost::system::error_code error;
    boost::json::parse_options options;
    options.max_depth = 100;
    static_cast<void>(boost::json::parse(boost::json::serialize(once.value()), error, {}, options));
    if (error)
        std::abort();
    if (typed && !assent::read_input<Order>(schema, once.value()))
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static auto const order = assent::schema_of<Order>();
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const end = std::min(text.find('\n'), text.size());
    boost::system::error_code error;
    auto const value = boost::json::parse(text.substr(std::min(end + 1, text.size())), error);
    if (error)
        return 0;
    if (end == 0) {
        check(order, value, true);
        return 0;
    }
    auto const schema = boost::json::parse(text.substr(0, end), error);
    if (error || !schema.is_object())
        return 0;
    try {
        check(assent::Schema::parse(schema.get_object()), value, false);
    }
    catch (assent::ConfigurationError const&) {
    }
    return 0;
}
