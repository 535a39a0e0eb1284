// Prints the lines of a log that match one of many patterns, with RE2::Set: a peer for `make bench`.
//
//     re2 PATTERNS LOG
//
// PATTERNS holds one expression a line.

#include <fcntl.h>
#include <re2/re2.h>
#include <re2/set.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

static int fail(const char *what, const std::string &why) {
    fprintf(stderr, "re2: %s: %s\n", what, why.c_str());
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("usage: re2 PATTERNS LOG\n", stderr);
        return 2;
    }
    RE2::Options options;
    options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_log_errors(false);
    // The default is too little for a thousand patterns: it would start again and again.
    options.set_max_mem(int64_t{256} << 20);
    RE2::Set set(options, RE2::UNANCHORED);
    std::ifstream patterns(argv[1]);
    std::string line, error;
    while (std::getline(patterns, line)) {
        if (set.Add(line, &error) < 0) return fail(line.c_str(), error);
    }
    if (!set.Compile()) return fail(argv[1], "too large");

    int file = open(argv[2], O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) return fail(argv[2], strerror(errno));
    size_t length = status.st_size;
    if (length == 0) return 0;
    void *mapped = mmap(nullptr, length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (mapped == MAP_FAILED) return fail(argv[2], strerror(errno));
    const char *at = static_cast<const char *>(mapped), *end = at + length;
    while (at < end) {
        const void *newline = memchr(at, '\n', end - at);
        const char *stop = newline ? static_cast<const char *>(newline) : end;
        if (set.Match(re2::StringPiece(at, stop - at), nullptr)) {
            fwrite(at, 1, stop - at, stdout);
            putc('\n', stdout);
        }
        at = stop + 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
