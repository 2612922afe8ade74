using System.Diagnostics;

namespace EpcActors.Mount.Live;

/// <summary>
/// A shell that waits for the end of this process: when that comes without a word, it takes the mounts away, with all
/// processes of their namespace. So nothing is left behind by a crash or by SIGKILL.
/// </summary>
internal sealed class Watcher : IDisposable
{
    private const string Script = """
        trap '' INT TERM HUP QUIT
        read -r word
        [ "$word" = done ] && exit 0
        if [ "$1" = namespace ]; then
            own=$(readlink /proc/self/ns/mnt)
            for process in /proc/[0-9]*; do
                [ "${process#/proc/}" = $$ ] && continue
                [ "$(readlink "$process/ns/mnt" 2>/dev/null)" = "$own" ] && kill -9 "${process#/proc/}"
            done
        fi
        umount -l "$2"
        umount -l "$3/dev"
        rm -rf "$3/bin"
        rmdir "$3/dev" "$3"
        """;

    private readonly Process _shell;

    /// <param name="hasNamespace">The mounts are in a namespace of their own, that of the calling thread.</param>
    /// <param name="directory">The cgroup mount.</param>
    /// <param name="runDirectory">The directory of the run.</param>
    public Watcher(bool hasNamespace, string directory, string runDirectory)
    {
        ProcessStartInfo start = new("/bin/sh") { RedirectStandardInput = true, UseShellExecute = false };
        start.WorkingDirectory = "/";
        foreach (
            string argument in (string[])
                ["-c", Script, "epc-watcher", hasNamespace ? "namespace" : "host", directory, runDirectory])
        {
            start.ArgumentList.Add(argument);
        }

        _shell = Process.Start(start) ?? throw new Fuse.MountException("/bin/sh cannot be started");
    }

    /// <summary>Number of its process, which lives in the namespace and is not the user's.</summary>
    public int Id => _shell.Id;

    /// <summary>All is in order: it ends, and does nothing.</summary>
    public void Dispose()
    {
        try
        {
            _shell.StandardInput.WriteLine("done");
            _shell.StandardInput.Close();
        }
        catch (IOException)
        {
            // It was killed.
        }

        _shell.WaitForExit();
        _shell.Dispose();
    }
}
