using System.Diagnostics;
using EpcActors.Cli;

namespace EpcActors.Tests.Cluster;

/// <summary>A fact about two hosts; skipped, with the reason, where a test may not make network namespaces.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TwoHostsFactAttribute : FactAttribute
{
    // They need the machine to themselves: beside other tests a starved process is declared dead before the cable is
    // cut.
    private static readonly Lazy<string?> WhyNot = new(() =>
        Environment.GetEnvironmentVariable("EPC_TWO_HOSTS") == "1" ? TwoHosts.WhyNot() : "set EPC_TWO_HOSTS=1 to run it"
    );

    public TwoHostsFactAttribute() => Skip = WhyNot.Value;
}

/// <summary>
/// Two network namespaces with a cable between them: each has its own loopback, addresses and ports, as a host has.
/// <see cref="Dispose"/> ends the processes that were started in them, and takes both away.
/// </summary>
internal sealed class TwoHosts : IDisposable
{
    public const string FirstAddress = "10.77.1.1";
    public const string SecondAddress = "10.77.1.2";

    /// <summary>The name of the cable's end in either namespace; no other namespace sees it.</summary>
    private const string Cable = "veth0";

    private readonly string _first;
    private readonly string _second;
    private readonly List<HostProcess> _processes = [];

    public TwoHosts()
    {
        string name = $"epc-{Guid.NewGuid():N}"[..16];
        _first = $"{name}-1";
        _second = $"{name}-2";
        try
        {
            Ip("netns", "add", _first);
            Ip("netns", "add", _second);
            Ip("-n", _first, "link", "add", Cable, "type", "veth", "peer", "name", Cable, "netns", _second);
            Ip("-n", _first, "address", "add", $"{FirstAddress}/24", "dev", Cable);
            Ip("-n", _second, "address", "add", $"{SecondAddress}/24", "dev", Cable);
            foreach (string host in (string[])[_first, _second])
            {
                Ip("-n", host, "link", "set", "lo", "up");
                Ip("-n", host, "link", "set", Cable, "up");
            }

            Ip("netns", "exec", _first, "true");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Reason why there can be no two hosts here; null where there can be.</summary>
    public static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "network namespaces are a thing of Linux";
        }

        try
        {
            using TwoHosts hosts = new();
            return null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "there is no command 'ip' here; the package iproute2 has it";
        }
        catch (InvalidOperationException failure)
        {
            return $"network namespaces cannot be made here, root can: {failure.Message}";
        }
    }

    /// <summary>Starts the built command on the first host.</summary>
    public HostProcess OnFirst(params string[] command) => Start(_first, command);

    /// <summary>Starts the built command on the second host.</summary>
    public HostProcess OnSecond(params string[] command) => Start(_second, command);

    /// <summary>Pulls the cable: packets are lost, and no end hears of it.</summary>
    public void Cut() => Ip("-n", _second, "link", "set", Cable, "down");

    public void Dispose()
    {
        foreach (HostProcess process in _processes)
        {
            process.Dispose();
        }

        foreach (string host in (string[])[_first, _second])
        {
            // The one that was not made is not there to be deleted; a command that is missing was the reason to end.
            try
            {
                Ip("netns", "delete", host);
            }
            catch (Exception failure)
                when (failure is InvalidOperationException or System.ComponentModel.Win32Exception)
            { }
        }
    }

    // 'ip netns exec' becomes the command, so the id of the process is that of the command.
    private HostProcess Start(string host, string[] command)
    {
        HostProcess process = new(["netns", "exec", host, "dotnet", typeof(EpcCommand).Assembly.Location, .. command]);
        _processes.Add(process);
        return process;
    }

    private static void Ip(params string[] words)
    {
        using Process ip = Process.Start(new ProcessStartInfo("ip", words)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        string error = ip.StandardError.ReadToEnd();
        ip.WaitForExit();
        if (ip.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', words)}: {error.Trim()}");
        }
    }
}

/// <summary>A process on one of <see cref="TwoHosts"/>, with all that it says.</summary>
internal sealed class HostProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource _running = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _errors;

    public HostProcess(IReadOnlyList<string> words)
    {
        _process = Process.Start(new ProcessStartInfo("ip", words)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _errors = Task.Run(ReadErrorsAsync);
    }

    public int Id => _process.Id;

    /// <summary>Until it says that the run goes on.</summary>
    public async Task RunningAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAny(_running.Task, _errors).WaitAsync(cancellationToken);
        Assert.True(_running.Task.IsCompleted, string.Join('\n', _lines));
    }

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Until it ends: its exit code, standard output and standard error.</summary>
    public async Task<(int Code, string Out, string Error)> EndAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _errors.WaitAsync(cancellationToken);
        return (_process.ExitCode, await _output.WaitAsync(cancellationToken), string.Join('\n', _lines));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            _lines.Add(line);
            if (line == "running")
            {
                _running.TrySetResult();
            }
        }
    }
}
