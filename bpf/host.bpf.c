/*
 * host.bpf.c: the kernel's side of src/host: says when listeners and connections come
 * and go, and which process holds which socket.
 *
 * It looks and changes nothing; every program of a hook lets everything pass.  Loaded
 * and read by src/host/kernel.c.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "host/kernel_event.h"

/* The helpers are for programs under the GPL; the kernel takes this for it. */
const char terms[] SEC("license") = "Dual BSD/GPL";

/* Depth of our PID namespace: iterators set it, as we are who runs them. */
unsigned int our_level;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, KERNEL_CHANGES_BYTES);
} changes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, KERNEL_CONNECTIONS_BYTES);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KERNEL_LOST_KINDS);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

/* Who connects: known when the SYN is sent, when the port is not yet. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct kernel_process);
} connecting SEC(".maps");

static void count_lost(__u32 kind)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &kind);
	if (count)
		__sync_fetch_and_add(count, 1);
}

static __u32 process_number(struct task_struct *task)
{
	unsigned int level = our_level;
	if (level == 0)
		return BPF_CORE_READ(task, tgid);
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	if (BPF_CORE_READ(pid, level) < level)
		return 0;
	int number = 0;
	bpf_core_read(&number, sizeof(number),
		      (char *)pid + bpf_core_field_offset(struct pid, numbers) +
			      level * bpf_core_type_size(struct upid));
	return number;
}

static void note_process(struct kernel_process *process)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	process->pid = process_number(task);
	process->uid = BPF_CORE_READ(task, cred, euid.val);
	BPF_CORE_READ_STR_INTO(&process->name, task, group_leader, comm);
	process->started_ns = BPF_CORE_READ(task, group_leader, start_boottime);
}

static __u32 netns_of(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static void tell_change(const struct sock *sk, __u8 proto, __u8 opened)
{
	struct kernel_change *change = bpf_ringbuf_reserve(&changes, sizeof(*change), 0);
	if (!change) {
		count_lost(KERNEL_LOST_CHANGES);
		return;
	}
	__builtin_memset(change, 0, sizeof(*change));
	change->inode = BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
	change->netns = netns_of(sk);
	change->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	change->proto = proto;
	change->opened = opened;
	change->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	note_process(&change->process);
	bpf_ringbuf_submit(change, BPF_RB_FORCE_WAKEUP);
}

static void tell_connection(const struct sock *sk, __u8 proto,
			    const struct kernel_process *process)
{
	struct kernel_connection *to =
		bpf_ringbuf_reserve(&connections, sizeof(*to), 0);
	if (!to) {
		count_lost(KERNEL_LOST_CONNECTIONS);
		return;
	}
	__builtin_memset(to, 0, sizeof(*to));
	to->is_v4 = BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET;
	if (to->is_v4) {
		BPF_CORE_READ_INTO((__be32 *)to->local, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__be32 *)to->remote, sk, __sk_common.skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&to->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&to->remote, sk, __sk_common.skc_v6_daddr);
	}
	to->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	to->remote_port =
		__builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	to->netns = netns_of(sk);
	to->proto = proto;
	if (process)
		to->process = *process;
	else
		note_process(&to->process);
	/* Names may wait a second; waking the reader for each would cost more than that. */
	bool is_filling = bpf_ringbuf_query(&connections, BPF_RB_AVAIL_DATA) >
			  KERNEL_CONNECTIONS_BYTES / 4;
	bpf_ringbuf_submit(to, is_filling ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

static void follow_connect(struct sock *sk, int before, int now)
{
	__u64 key = (__u64)(unsigned long)sk;
	if (now == STATE_SYN_SENT) {
		struct kernel_process process = { 0 };
		note_process(&process);
		bpf_map_update_elem(&connecting, &key, &process, 0);
		return;
	}
	if (before != STATE_SYN_SENT)
		return;
	struct kernel_process *process = bpf_map_lookup_elem(&connecting, &key);
	if (!process)
		return;
	tell_connection(sk, IPPROTO_TCP, process);
	bpf_map_delete_elem(&connecting, &key);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_changed, struct sock *sk, int before, int now)
{
	__u16 proto = BPF_CORE_READ(sk, sk_protocol);
	/* A multipath socket's own state says nothing that its TCP sockets don't say. */
	if (proto != IPPROTO_TCP && proto != IPPROTO_SCTP)
		return 0;
	if ((before == STATE_LISTEN) != (now == STATE_LISTEN))
		tell_change(sk, proto, now == STATE_LISTEN);
	else if (proto == IPPROTO_TCP)
		follow_connect(sk, before, now);
	return 0;
}

static bool is_chosen(const struct sock *sk)
{
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & SOCK_BINDPORT_LOCK;
}

static bool is_udp(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_protocol) == IPPROTO_UDP;
}

/*
 * The context of these hooks is the socket itself.  Who has chosen the port is noted in
 * it only after this.
 */
static void udp_bound(void *context)
{
	const struct sock *sk = context;
	if (is_udp(sk))
		tell_change(sk, IPPROTO_UDP, 1);
}

SEC("cgroup/post_bind4")
int udp_bound4(void *context)
{
	udp_bound(context);
	return 1;
}

SEC("cgroup/post_bind6")
int udp_bound6(void *context)
{
	udp_bound(context);
	return 1;
}

SEC("cgroup/sock_release")
int udp_released(void *context)
{
	const struct sock *sk = context;
	if (!is_udp(sk) || BPF_CORE_READ(sk, __sk_common.skc_num) == 0)
		return 1;
	if (is_chosen(sk))
		tell_change(sk, IPPROTO_UDP, 0);
	else
		tell_connection(sk, IPPROTO_UDP, 0);
	return 1;
}

static void note_level(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	our_level = BPF_CORE_READ(task, thread_pid, level);
}

SEC("iter/task_file")
int socket_files(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	if (!task || !file)
		return 0;
	struct socket *socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	const struct sock *sk = BPF_CORE_READ(socket, sk);
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	note_level();
	struct kernel_file seen = { 0 };
	seen.inode = BPF_CORE_READ(file, f_inode, i_ino);
	seen.started_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	seen.netns = netns_of(sk);
	seen.pid = process_number(task);
	seen.chosen_port = is_chosen(sk);
	BPF_CORE_READ_STR_INTO(&seen.name, task, group_leader, comm);
	bpf_seq_write(context->meta->seq, &seen, sizeof(seen));
	return 0;
}

SEC("iter/task")
int tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	/* Threads of a process may be in other namespaces; that is not worth its cost. */
	if (!task || task->pid != task->tgid)
		return 0;
	note_level();
	struct kernel_task seen = { 0 };
	seen.netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	seen.pid = process_number(task);
	/* A process that is ending has left its namespaces. */
	if (seen.netns != 0)
		bpf_seq_write(context->meta->seq, &seen, sizeof(seen));
	return 0;
}
