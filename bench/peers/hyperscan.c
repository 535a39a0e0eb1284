/* Prints the lines of a log that match one of many patterns, with Hyperscan: a peer for `make bench`.
 *
 *     hyperscan PATTERNS LOG [DATABASE]
 *
 * PATTERNS holds one expression a line. The compiled database is read from DATABASE if that file
 * exists, else written to it, so that later runs show the time of the search alone. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct text {
    const char *bytes;
    size_t length;
    /* The end of the last line that was printed. */
    size_t done;
};

static void fail(const char *what, const char *why) {
    fprintf(stderr, "hyperscan: %s: %s\n", what, why);
    exit(1);
}

static struct text map(const char *path) {
    int file = open(path, O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0)
        fail(path, strerror(errno));
    struct text text = {.length = (size_t)status.st_size};
    if (text.length > 0) {
        text.bytes = mmap(NULL, text.length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
        if (text.bytes == MAP_FAILED)
            fail(path, strerror(errno));
    }
    close(file);
    return text;
}

/* Matches are reported in the order of their ends; `to` is the offset after the last byte. */
static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)id, (void)from, (void)flags;
    struct text *text = context;
    if (to <= text->done)
        return 0;
    size_t last = to - 1;
    const char *before = last > 0 ? memrchr(text->bytes, '\n', last) : NULL;
    size_t start = before ? (size_t)(before - text->bytes) + 1 : 0;
    const char *after = memchr(text->bytes + last, '\n', text->length - last);
    size_t end = after ? (size_t)(after - text->bytes) + 1 : text->length;
    fwrite(text->bytes + start, 1, end - start, stdout);
    text->done = end;
    return 0;
}

static hs_database_t *compile(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file)
        fail(path, strerror(errno));
    char **patterns = NULL, *line = NULL;
    size_t room = 0, count = 0, size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, file)) > 0) {
        line[strcspn(line, "\n")] = 0;
        if (count == room)
            patterns = realloc(patterns, (room = 2 * room + 64) * sizeof *patterns);
        if (!patterns || !(patterns[count++] = strdup(line)))
            fail(path, "out of memory");
    }
    free(line);
    fclose(file);
    unsigned *flags = calloc(count, sizeof *flags), *ids = calloc(count, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        flags[i] = HS_FLAG_MULTILINE, ids[i] = (unsigned)i;
    hs_database_t *database;
    hs_compile_error_t *error;
    if (hs_compile_multi((const char *const *)patterns, flags, ids, count, HS_MODE_BLOCK, NULL, &database, &error) != HS_SUCCESS)
        fail(path, error->message);
    return database;
}

static void save(const hs_database_t *database, const char *path) {
    char *bytes;
    size_t length;
    FILE *file = fopen(path, "w");
    if (!file || hs_serialize_database(database, &bytes, &length) != HS_SUCCESS || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        fail(path, "cannot be written");
    free(bytes);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: hyperscan PATTERNS LOG [DATABASE]\n", stderr);
        return 2;
    }
    hs_database_t *database;
    if (argc > 3 && access(argv[3], R_OK) == 0) {
        struct text saved = map(argv[3]);
        if (hs_deserialize_database(saved.bytes, saved.length, &database) != HS_SUCCESS)
            fail(argv[3], "is no database of this version");
        munmap((void *)saved.bytes, saved.length);
    } else {
        database = compile(argv[1]);
        if (argc > 3)
            save(database, argv[3]);
    }
    hs_scratch_t *scratch = NULL;
    if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
        fail("scratch", "out of memory");
    struct text text = map(argv[2]);
    if (text.length > 0 && hs_scan(database, text.bytes, text.length, 0, scratch, found, &text) != HS_SUCCESS)
        fail(argv[2], "the search failed");
    return fflush(stdout) == 0 ? 0 : 1;
}
