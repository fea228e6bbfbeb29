#include "masking/mb_suspicious.h"

#include "mb_test.h"

static bool
is_suspicious(const char *json)
{
    return mb_suspicious_text(json, strlen(json));
}

static void
what_may_hold_a_secret_is_found(void)
{
    static const char *const texts[] = {
        "\"http://u:p@h\"",
        "@ and ://",
        "\"***\"",
        "slurm_jwt",
        "SLURM_JWT",
        "Authorization: x",
        "AUTHORIZATION",
        "Set-Cookie",
        "X-Api-Key",
        "Private-Token",
        "?sig=x",
        "Signature=",
        "Pwd = x",
        "PGPASSWORD=x",
        "[\"--passphrase\",\"x\"]",
        "sh -password x",
        "a=1 AccountKey",
        "[\"curl\",\"-u\",\"a:b\"]",
        "[\"redis-cli\",\"-a\"]",
        "mysql -px",
        "[\"mariadb\",\"-px\"]",
        "?pw=x",
        "client_secret=x",
        "http:\\/\\/u:p\\u0040h",
        "\\u0070assword=x",
        "\\u002d",
        "x=token",
        "--http-output-header",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK(is_suspicious(texts[i]));
    }
}

static void
what_cannot_is_passed_over(void)
{
    static const char *const texts[] = {
        "",          "me@example.org",
        "http://h/", "a*** b",
        "a=b",       "--x",
        "a-b",       "password",
        "key",       "token",
        "cooki",     "authorizatio",
        "pi-key",    "\\u00e9\\\"\\n",
        "\\u",       "\\u00",
        "jw",        "j",
        "p",         "***",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts - 1; i++) {
        CHECK(!is_suspicious(texts[i]));
    }
}

static void
nothing_beyond_the_text_is_read(void)
{
    CHECK(!mb_suspicious_text("jwt", 2));
    CHECK(!mb_suspicious_text("authorization", 12));
    CHECK(!mb_suspicious_text("\\u002", 4));
    CHECK(!mb_suspicious_text("://@", 3));
}

int
main(void)
{
    RUN(what_may_hold_a_secret_is_found);
    RUN(what_cannot_is_passed_over);
    RUN(nothing_beyond_the_text_is_read);
    return test_report();
}
