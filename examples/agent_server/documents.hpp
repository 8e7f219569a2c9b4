#pragma once

#include <assent/fga_types.hpp>
#include <assent/retriever.hpp>

#include <boost/json/object.hpp>

#include <vector>

namespace demo {

// The company's papers, and who may read them: alice is in finance, bob is in engineering, everybody may read what is public.

assent::Documents documents();
boost::json::object document_model();
std::vector<assent::TupleKey> document_tuples();

}  // namespace demo
