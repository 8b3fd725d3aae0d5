/* A plugin that has libwa.a inside, and, without PLUGIN, the program that loads it twice. */
#include <stdio.h>
#ifdef PLUGIN
#include <wa.h>
int use_the_library(void);
int use_the_library(void)
{
    wa_client *client = NULL;
    wa_status status = wa_client_new(NULL, NULL, &client, NULL);
    wa_client_free(client);
    return status;
}
#else
#include <dlfcn.h>
#include <string.h>

int main(int count, char **arguments)
{
    for (int round = 0; count == 2 && round < 2; round++) {
        void *plugin = dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL);
        if (plugin == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        int (*use)(void);
        void *found = dlsym(plugin, "use_the_library");
        memcpy(&use, &found, sizeof use);
        if (found == NULL || use() != 0 || dlsym(plugin, "sqlite3_open") != NULL)
            return 1;
        dlclose(plugin);
    }
    return 0;
}
#endif
