using EpcActors.Hocon;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Reading;
using EpcActors.Kernel;

namespace EpcActors.Imports.Enclaves;

/// <summary>
/// Reads Occlum.json. Occlum makes an enclave of the SGX SDK of it: the heap of its kernel, the user space as reserved
/// memory, and a kernel stack for each thread.
/// </summary>
internal static class OcclumImport
{
    /// <summary>TCS, two frames of SSA, thread data.</summary>
    private const int PagesPerThread = 1 + 2 + 1;

    /// <summary>
    /// Image of the library OS, from a published build log: 385,511,424 bytes less heap, reserved memory, and 32
    /// threads with stacks of 1 MiB.
    /// </summary>
    private const int ImagePages = 807;

    private const int DefaultInitThreads = 16;

    public static ScenarioDraft Read(IReadOnlyList<InputText> inputs, ImportOptions options, ImportLog log)
    {
        List<EnclavePlan> plans = [];
        foreach (InputText input in inputs)
        {
            DataNode root = JsonText.Read(input.Text, input.Source, log, allowsComments: true);
            if (root is not DataMap map)
            {
                throw log.Fail(root.Origin, "", $"found {root.Kind}; expected an object", "begin with { … }");
            }

            plans.Add(new Reader(input, new Fields(map, "", log)).Plan());
        }

        return EnclavePlans.Draft(plans[0].Name, plans, options, log);
    }

    private sealed class Reader(InputText input, Fields root)
    {
        private readonly Fields _limits = root.Map("resource_limits");

        public EnclavePlan Plan()
        {
            bool isEdmm = root.Map("feature").Flag("enable_edmm") ?? false;
            (long user, string userWhy, HoconOrigin at) = Pages("user_space_size", isRequired: true);
            (long kernel, string kernelWhy, _) = Pages("kernel_space_heap_size", isRequired: true);
            (long stack, string stackWhy, _) = Pages("kernel_space_stack_size", isRequired: true);
            (long mostUser, string mostUserWhy, _) = Pages("user_space_max_size", isRequired: false);
            (long mostKernel, string mostKernelWhy, _) = Pages("kernel_space_heap_max_size", isRequired: false);

            // Without EDMM the largest sizes are the sizes. With it, what is not set is 16 GB and 1 GB.
            long heapUser = mostUser > 0 ? mostUser : isEdmm ? 16L << 18 : user;
            long heapKernel = mostKernel > 0 ? mostKernel : isEdmm ? 1L << 18 : kernel;
            string ofUser = mostUser > 0 ? mostUserWhy : isEdmm ? "user_space_max_size: 16GB, not set" : userWhy;
            string heapWhy = $"{ofUser} and "
                + (mostKernel > 0 ? mostKernelWhy : isEdmm ? "kernel_space_heap_max_size: 1GB, not set" : kernelWhy);
            if (isEdmm && (user > heapUser || kernel > heapKernel))
            {
                root.Log.Error(
                    at, "resource_limits", "an initial size is larger than its max_size", "raise the max_size");
            }

            long most = _limits.Whole("max_num_of_threads", 1, 1 << 20) ?? Missing("max_num_of_threads");
            long slots = isEdmm
                ? Math.Min(most, Math.Min(DefaultInitThreads, _limits.Whole("init_num_of_threads", 1, 1 << 20) ?? most))
                : most;
            NoteProcess(heapUser);
            return new EnclavePlan
            {
                Name = NameOf(input.Source),
                Origin = at,
                HeapPages = heapUser + heapKernel,
                HeapWhy = heapWhy,
                AddedPages = isEdmm ? Math.Min(user + kernel, heapUser + heapKernel) : heapUser + heapKernel,
                AddedWhy = $"feature.enable_edmm: {userWhy} and {kernelWhy}",
                OtherPages = ImagePages + (slots * (PagesPerThread + stack)),
                OtherWhy = $"{ImagePages} of image (assumed), and for each of {slots} threads TCS, 2 of SSA, thread "
                    + $"data, {stack} of {stackWhy}",
                Threads = 1,
                ThreadsWhy = $"assumed: max_num_of_threads {most} bounds threads, and says not how many run",
                Comments = [EnclavePlans.Heading(input.Source, isEdmm)],
            };
        }

        private long Missing(string key)
        {
            root.Log.Error(
                _limits.Origin, _limits.PathOf(key), "the key is missing, and occlum build fails without it", "add it");
            return 1;
        }

        private (long Pages, string Why, HoconOrigin At) Pages(string key, bool isRequired)
        {
            if (_limits.Scalar(key) is not { } value)
            {
                return (isRequired ? Missing(key) : 0, key, _limits.Origin);
            }

            if (value.Scalar == ScalarKind.Text && ByteSize.TryParseWithB(value.Text, out long bytes) && bytes > 0)
            {
                return (
                    (bytes + KernelConstants.PageSize - 1) / KernelConstants.PageSize,
                    $"{key} {value.Text} ({Place.Short(value.Origin)})",
                    value.Origin);
            }

            root.Log.Error(
                value.Origin,
                _limits.PathOf(key),
                $"found {value.Kind}; expected a size with B, KB, MB, GB or TB (powers of 1024)",
                "write for example \"256MB\"");
            return (1, key, value.Origin);
        }

        /// <summary>Stack and heap of the first process come out of the user space.</summary>
        private void NoteProcess(long userPages)
        {
            Fields process = root.Map("process");
            long sum = 0;
            foreach (string key in (string[])["default_stack_size", "default_heap_size"])
            {
                if (process.Scalar(key) is not { } value)
                {
                    continue;
                }

                if (!ByteSize.TryParseWithB(value.Text, out long bytes))
                {
                    root.Log.Error(
                        value.Origin,
                        process.PathOf(key),
                        $"found {value.Kind}; expected a size with B, KB, MB, GB or TB",
                        "write for example \"4MB\"");
                    continue;
                }

                sum += bytes;
            }

            if (sum > userPages * KernelConstants.PageSize)
            {
                root.Log.Note(
                    process.Origin,
                    process.Path,
                    "stack and heap of one process are larger than the user space: no process can start");
            }
        }

        /// <summary>The file has the same name everywhere; its folder tells instances apart.</summary>
        private static string NameOf(string source)
        {
            string folder = Path.GetFileName(Path.GetDirectoryName(source) ?? "");
            string name = Path.GetFileNameWithoutExtension(source);
            return name != "Occlum" || folder.Length == 0 || folder == "." ? name : folder;
        }
    }
}
