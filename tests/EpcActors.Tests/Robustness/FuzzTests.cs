using System.Globalization;
using System.Text;
using EpcActors.Cli;
using EpcActors.Kernel.Random;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Robustness;

/// <summary>
/// Every configuration, schedule and trace of the repository, changed at random: the command answers with an exit code
/// of its list and with lines for people, and takes no more than its share of memory. What hangs hangs this test.
/// EPC_FUZZ_INPUTS and EPC_FUZZ_SEED make it longer and other.
/// </summary>
[Trait("tier", "slow")] // Thousands of texts and scenarios made at random.
public sealed class FuzzTests : IDisposable
{
    /// <summary>
    /// Most that one input may allocate, bytes. The reference and the command itself take some 20 MiB.
    /// </summary>
    private const long MostBytes = 512L << 20;

    // Half of a surrogate pair is what a mutation leaves behind now and then.
    private static readonly UTF8Encoding LossyUtf8 = new(
        encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: false);

    private static readonly int[] ExitCodes =
    [
        .. Enum.GetValues<ExitCode>().Where(code => code != ExitCode.EmulatorError).Select(code => (int)code),
    ];

    private static readonly int Inputs = Number("EPC_FUZZ_INPUTS", 20_000);

    /// <summary>
    /// In memory where there is such a folder: forty thousand files on a disk cost as much as reading them.
    /// </summary>
    private readonly string _folder = Directory.CreateDirectory(Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"epc-fuzz-{Guid.NewGuid():N}")).FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Configurations() => Try(
        Inputs / 5,
        Corpus(".conf"),
        (worker, text) => ["config", "validate", Write(worker, ".conf", text)]);

    [Fact]
    public void Schedules() => Try(
        Inputs / 5,
        Corpus(".schedule"),
        (worker, text) => ["race", "replay", Write(worker, ".schedule", text), "--quiet"]);

    [Fact]
    public void Traces() => Try(
        Inputs * 2 / 5,
        Corpus(".trace"),
        (worker, text) =>
        {
            string trace = Write(worker, ".trace", text);
            string scenario = Write(
                worker,
                ".conf",
                $"epc {{ machine {{ nodes = [ {{ cpus = 1, epc = 1 MiB }} ] }}, enclaves {{ a {{ heap = 1 MiB, steps = "
                    + $"[ {{ trace = \"{trace}\" }} ] }} }} }}");
            return ["config", "validate", scenario];
        });

    /// <summary>Small machines that run, cut off after a millisecond of virtual time.</summary>
    [Fact]
    public void Runs() => Try(
        Inputs / 5,
        [SmallRun],
        (worker, text) =>
            ["run", Write(worker, ".conf", text), "--quiet", "--set", "epc.run.duration=1 ms", "--no-slowdown"]);

    private const string SmallRun = """
        epc {
          kernel = "epc-cgroup-v8"
          machine { nodes = [ { cpus = 2, epc = 128 KiB }, { cpus = 1, epc = 64 KiB } ] }
          cgroups { /pods { max = 160 KiB, /web { max = 96 KiB },
              /db { annotations { "epc-limit.nri.io/pod" = "64Ki" } } } }
          enclaves {
            web { cgroup = /pods/web, heap = 128 KiB, threads = 2,
                steps = [ touch, { run { pattern = zipf, accesses = 40 } }, { pause = 1 us } ] }
            db { cgroup = /pods/db, heap = 64 KiB, added = 50 %, start = 10 us,
                steps = [ touch, accept, { fork = [ touch ] } ] }
          }
          virtual-machines { vm { epc = 16 KiB, hold = 20 us } }
          script = [ { at = 50 us, set-max { cgroup = /pods, max = 80 KiB } }, { at = 90 us, kill = db },
              { at = 95 us, poison { node = 0, first = 1, count = 2 } } ]
          expect = [ "verdict == pass" ]
        }
        """;

    private static void Try(int count, IReadOnlyList<string> corpus, Func<int, string, string[]> command)
    {
        Assert.NotEmpty(corpus);
        ulong seed = (ulong)Number("EPC_FUZZ_SEED", 1);
        ParallelOptions options = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(
            0,
            count,
            options,
            () => Environment.CurrentManagedThreadId,
            (number, _, worker) =>
            {
                string text = new Mutator(new Prng((seed << 32) + (ulong)number), corpus).Next();
                string[] words = command(worker, text);
                long before = GC.GetAllocatedBytesForCurrentThread();
                Task<CliResult> call = CliHarness.Call(words);
                Assert.True(call.IsCompleted, "the command went on to another thread");
                CliResult result = call.Result;
                long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
                string said = result.Out + result.Error;
                if (
                    !ExitCodes.Contains(result.Code)
                    || said.Contains("   at EpcActors", StringComparison.Ordinal)
                    || said.Any(one => char.IsControl(one) && one is not ('\n' or '\t'))
                    || (result.Code != 0 && said.Length == 0)
                    || bytes > MostBytes)
                {
                    Assert.Fail(
                        $"input {number}, seed {seed}: exit code {result.Code}, {bytes >> 20} MiB\n{said}\n---\n{text}"
                    );
                }

                return worker;
            }, _ => { });
    }

    private static List<string> Corpus(string extension)
    {
        IEnumerable<string> names = Directory.EnumerateFiles(
            Repository.Root,
            $"*{extension}",
            SearchOption.AllDirectories);

        // A megabyte of trace is no better than its beginning, and much slower.
        return
        [
            .. names.Where(IsOurs).Order(StringComparer.Ordinal).Select(name => File.ReadAllText(name))
                .Select(text => text.Length > 20_000 ? text[..20_000] : text),
        ];
    }

    private static bool IsOurs(string path) =>
        !path.Contains("/artifacts/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal);

    private static int Number(string variable, int usual) =>
        int.TryParse(
            Environment.GetEnvironmentVariable(variable),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out int number)
            ? number
            : usual;

    /// <summary>The file of a worker: each input takes the place of the one before.</summary>
    private string Write(int worker, string extension, string text)
    {
        string path = Path.Combine(_folder, $"{worker}{extension}");
        File.WriteAllText(path, text, LossyUtf8);
        return path;
    }
}
