#pragma once

#include <assent/error.hpp>
#include <assent/interrupt.hpp>

#include <boost/outcome/basic_outcome.hpp>
#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/try.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace assent {

/// Thrown by value() of an outcome or result that has none. what() says why there is none.
class BadAccess : public std::exception {
public:
    explicit BadAccess(std::string what) : what_(std::move(what)) {}
    char const* what() const noexcept override { return what_.c_str(); }

private:
    std::string what_;
};

namespace detail {

[[noreturn]] void throw_bad_access(Failure const& failure);
[[noreturn]] void throw_bad_access(Interrupt const& interrupt);
[[noreturn]] void throw_bad_access(char const* what);

/// Every access is checked: reading what is not there throws BadAccess.
struct CheckedAccess : boost::outcome_v2::policy::base {
    template <class Impl>
    static constexpr void wide_value_check(Impl&& self)
    {
        if (base::_has_value(self))
            return;
        if (base::_has_error(self))
            throw_bad_access(base::_error(self));
        throw_bad_access("no value");
    }
    template <class Impl>
    static constexpr void wide_error_check(Impl&& self)
    {
        if (!base::_has_error(self))
            throw_bad_access("no error");
    }
    template <class Impl>
    static constexpr void wide_exception_check(Impl&& self)
    {
        if (!base::_has_exception(self))
            throw_bad_access("no failure");
    }
    template <class Impl>
    static constexpr void narrow_value_check(Impl&& self)
    {
        wide_value_check(std::forward<Impl>(self));
    }
    template <class Impl>
    static constexpr void narrow_error_check(Impl&& self)
    {
        wide_error_check(std::forward<Impl>(self));
    }
    template <class Impl>
    static constexpr void narrow_exception_check(Impl&& self)
    {
        wide_exception_check(std::forward<Impl>(self));
    }
};

/// The same for an outcome, whose failure is reached by its exact type only.
template <class T, class E>
struct CheckedOutcomeAccess : CheckedAccess {
    template <class Impl>
    static constexpr void wide_value_check(Impl&& self)
    {
        if (!base::_has_value(self) && base::_has_exception(self))
            throw_bad_access(base::_exception<T, E, Failure, CheckedOutcomeAccess>(self));
        CheckedAccess::wide_value_check(std::forward<Impl>(self));
    }
    template <class Impl>
    static constexpr void narrow_value_check(Impl&& self)
    {
        wide_value_check(std::forward<Impl>(self));
    }
};

}  // namespace detail

/// A value or a Failure. Used by the ports; what an authorizer returns is an outcome.
template <class T>
class [[nodiscard]] result : public boost::outcome_v2::basic_result<T, Failure, detail::CheckedAccess> {
    using base = boost::outcome_v2::basic_result<T, Failure, detail::CheckedAccess>;

public:
    using base::base;
    /// Errc::no_result, because Asio needs a default constructor. Never a success.
    result() : base(boost::outcome_v2::in_place_type<Failure>) {}
    result(Errc code) : base(boost::outcome_v2::in_place_type<Failure>, code) {}

    bool has_failure() const noexcept { return base::has_error(); }
    Failure const& failure() const { return base::error(); }
};

/// What an authorizer answers: a value (go on), an Interrupt (a person must act, or has refused) or a Failure.
///
/// Derived from Boost.Outcome's basic_outcome; works with BOOST_OUTCOME_CO_TRY (not CO_TRYX). Default-constructed it is
/// the failure Errc::no_result.
template <class T, class E = Interrupt>
class [[nodiscard]] outcome : public boost::outcome_v2::basic_outcome<T, E, Failure, detail::CheckedOutcomeAccess<T, E>> {
    using base = boost::outcome_v2::basic_outcome<T, E, Failure, detail::CheckedOutcomeAccess<T, E>>;

public:
    using base::base;
    outcome() : base(boost::outcome_v2::in_place_type<Failure>) {}
    outcome(Errc code) : base(boost::outcome_v2::in_place_type<Failure>, code) {}
    /// From the failure of a result, as BOOST_OUTCOME_CO_TRY hands it on.
    outcome(boost::outcome_v2::failure_type<Failure, void> const& failed)
        : base(boost::outcome_v2::in_place_type<Failure>, failed.error())
    {
    }

    bool has_interrupt() const noexcept { return base::has_error(); }
    E const& interrupt() const { return base::error(); }
    bool has_failure() const noexcept { return base::has_exception(); }
    Failure const& failure() const { return base::exception(); }
};

}  // namespace assent
