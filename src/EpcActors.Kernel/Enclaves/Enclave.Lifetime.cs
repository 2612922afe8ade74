using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using static EpcActors.Kernel.Enclaves.EnclaveProtocol;

namespace EpcActors.Kernel.Enclaves;

/// <content>References, mm_list, the open file, and what sgx_encl_release takes apart.</content>
public sealed partial class Enclave
{
    public void Handle(ref TryGetRef message, Turn turn)
    {
        if (References > 0)
        {
            References++;
            message.Got = true;
        }
    }

    public void Handle(ref PutRef message, Turn turn)
    {
        Invariant.That(References > 0, $"{Name}: a reference is put that no task holds");
        message.WasLast = --References == 0;
    }

    public void Handle(ref ReadMm message, Turn turn)
    {
        message.Version = _mmListVersion;
        message.Mm = ActorId.None;
        for (int i = _mms.Count - 1; i >= 0; i--)
        {
            if (message.Position == 0 || _mms[i].Serial < message.Position)
            {
                message.Mm = _mms[i].Mm;
                message.Position = _mms[i].Serial;
                return;
            }
        }
    }

    public void Handle(ref AddMm message, Turn turn)
    {
        foreach ((ActorId mm, int _) in _mms)
        {
            if (mm == message.Mm)
            {
                // sgx_encl_find_mm: mapped before.
                return;
            }
        }

        _mms.Add((message.Mm, ++_lastMmSerial));
        _mmListVersion++;
        if (_mmOwnsReference)
        {
            References++;
        }
    }

    public void Handle(ref RemoveMm message, Turn turn)
    {
        for (int i = 0; i < _mms.Count; i++)
        {
            if (_mms[i].Mm == message.Mm)
            {
                _mms.RemoveAt(i);
                message.WasFound = true;
                return;
            }
        }
    }

    public void Handle(ref SynchronizeSrcu message, Turn turn)
    {
        // The walks that it waits for hold references of their own; only who comes here too late matters, and the
        // oracle sees that.
    }

    public void Handle(ref FreeEnclave message, Turn turn) => IsFreed = true;

    public void Handle(ref OpenDevice message, Turn turn)
    {
        message.IsBusy = !IsFreed;
        if (!IsFreed)
        {
            return;
        }

        IsFreed = false;
        References = 1;
        FileHolders = 1;
        IsCreated = false;
        IsInitialised = false;
        IsOutOfMemory = false;
        SecsChildCount = 0;
        PageCount = 0;
        SwappedPages = 0;
        _emptyEntry = -1;
        _inIoctl = false;
        _mms.Clear();
        _mmListVersion++;
        _tracking.Clear();
    }

    /// <summary>Before the run: a place without an enclave, for a process that starts later.</summary>
    public void LeaveFree()
    {
        IsFreed = true;
        References = 0;
        FileHolders = 0;
    }

    public void Handle(ref GetFile message, Turn turn)
    {
        Invariant.That(FileHolders > 0, $"{Name}: a closed file is opened again");
        FileHolders++;
    }

    public void Handle(ref PutFile message, Turn turn)
    {
        Invariant.That(FileHolders > 0, $"{Name}: the file is closed more often than it was opened");
        message.WasLast = --FileHolders == 0;
    }

    public void Handle(ref TakeFirstMm message, Turn turn)
    {
        message.Mm = ActorId.None;
        if (_mms.Count > 0)
        {
            message.Mm = _mms[^1].Mm;
            _mms.RemoveAt(_mms.Count - 1);
        }
    }

    public void Handle(ref TakeEntry message, Turn turn)
    {
        message.EpcPage = EpcPageIndex.None;
        message.Page = Entries.FindFrom(message.From);
        if (message.Page < 0)
        {
            return;
        }

        EnclavePage entry = Entries[message.Page];
        Entries[message.Page] = EnclavePage.Absent;
        if (entry.IsResident)
        {
            message.EpcPage = entry.EpcPage;
            SecsChildCount--;
        }
        else
        {
            SwappedPages--;
            if (entry.VaSlot >= 0)
            {
                VaPages.FreeSlot(entry.VaSlot);
            }
        }
    }

    public void Handle(ref TakeSecs message, Turn turn)
    {
        message.EpcPage = SecsPage;
        message.HasChildren = SecsChildCount > 0 && !SecsPage.IsNone;
        SecsPage = EpcPageIndex.None;
        if (SecsSlot >= 0)
        {
            VaPages.FreeSlot(SecsSlot);
            SecsSlot = -1;
            SwappedPages--;
        }
    }

    public void Handle(ref TakeVaPage message, Turn turn)
    {
        message.EpcPage = VaPages.First;
        if (!message.EpcPage.IsNone)
        {
            VaPages.Remove(message.EpcPage);
        }
    }

    public void Handle(ref MarkOutOfMemory message, Turn turn)
    {
        message.IsNotCreated = !IsCreated;
        message.WasMarked = IsOutOfMemory;
        IsOutOfMemory |= IsCreated;
    }
}
