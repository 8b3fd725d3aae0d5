/* A program that has libwa.a inside and an SQLite of its own beside it.
 *
 *   beside STORE       prints the version of the program's SQLite
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <wa.h>

static void must(sqlite3 *database, const char *statement)
{
    char *error = NULL;
    if (sqlite3_exec(database, statement, NULL, NULL, &error) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", statement, error);
        exit(1);
    }
}

int main(int count, char **arguments)
{
    sqlite3 *database = NULL;
    wa_error *error = NULL;
    wa_client *client = NULL;
    wa_config *config = wa_config_new();
    if (count != 2 || wa_config_set(config, "store.url", arguments[1], NULL) != WA_OK)
        return 2;
    /* The library works with its own SQLite ... */
    if (wa_client_new(config, NULL, &client, &error) != WA_OK) {
        fprintf(stderr, "%s\n", wa_error_text(error));
        return 1;
    }
    /* ... and the program with all that its own has, and the library's has not. */
    if (sqlite3_open(":memory:", &database) != SQLITE_OK)
        return 1;
    must(database, "select json_extract('{\"a\":1}', '$.a')");
    must(database, "create virtual table texts using fts5(text)");
    must(database, "create virtual table boxes using rtree(id, low, high)");
    printf("%s\n", sqlite3_libversion());
    sqlite3_close(database);
    wa_client_free(client);
    wa_config_free(config);
    return 0;
}
