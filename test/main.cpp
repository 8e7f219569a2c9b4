#define BOOST_TEST_MODULE assent
#include <boost/test/unit_test.hpp>
