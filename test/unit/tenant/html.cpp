#include "tenant/web/html.hpp"
#include "tenant/web/page_files.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(tenant_html)

BOOST_AUTO_TEST_CASE(what_could_end_a_text_or_an_attribute_is_escaped)
{
    BOOST_TEST(assent::tenant::escaped("<a href=\"x\" b='y'>&amp;</a>") == "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
    BOOST_TEST(assent::tenant::escaped("J\xc3\xbcrgen") == "J\xc3\xbcrgen");
}

BOOST_AUTO_TEST_CASE(places_are_filled_once_and_a_value_is_never_a_template)
{
    auto const row = assent::tenant::fill("detail_row.html", {{"name", "{{value}}"}, {"value", "<{{name}}>"}});
    BOOST_TEST(row == "<div><dt>{{value}}</dt><dd>&lt;{{name}}&gt;</dd></div>\n");
    BOOST_TEST(assent::tenant::fill("detail_row.html", {}) == "<div><dt></dt><dd></dd></div>\n");
}

BOOST_AUTO_TEST_CASE(every_page_is_there_and_loads_nothing_from_elsewhere)
{
    for (std::string const name : {"layout.html", "inbox.html", "card.html", "login.html", "activate_code.html", "activate_confirm.html",
                                   "connect.html", "message.html", "style.css", "inbox.js"}) {
        auto const text = assent::tenant::page_file(name);
        BOOST_TEST(!text.empty(), name);
        for (std::string_view const bad : {"http:", "https:", "src=\"//", "style=", "<style", "onclick", "onload", "onsubmit", "javascript:", "@import", "url("})
            BOOST_TEST(text.find(bad) == text.npos, name << " has " << bad);
    }
    BOOST_TEST(assent::tenant::page_file("../core.hpp").empty());
}

BOOST_AUTO_TEST_SUITE_END()
